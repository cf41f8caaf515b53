/* The columns of the lists: what each shows, and which a list has at first. */
import type { ComponentChildren } from 'preact';

import type { LogRow } from '../../api/types';
import { end, middle, plain } from '../../format/text';
import { formatAge, formatDuration, formatTime } from '../../format/time';
import { StatusMark, statusWord } from '../../parts/status';
import { t, type TextKey } from '../../text/en';

export type Tab = 'webhook' | 'api' | 'errors';

export interface Column {
  name: string;
  title: TextKey;
  cell: (row: LogRow) => ComponentChildren;
  /** The whole value, for the cell's tooltip; absent where the cell shows it. */
  full?: (row: LogRow) => string;
  /** What copying the cell gives, and its menu names. */
  value?: (row: LogRow) => string;
  /** The filter that this cell's value can become. */
  filter?: (row: LogRow) => Record<string, string> | null;
  numeric?: boolean;
}

const text = (value: unknown): ComponentChildren => <bdi>{plain(value)}</bdi>;
const id = (value: unknown): ComponentChildren => <span class="id">{plain(value)}</span>;

const said = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value);
const hidden = (): ComponentChildren => (
  <span class="quiet" title={t('masked.cell')}>
    •••<span class="sr"> {t('masked.cell')}</span>
  </span>
);

/** An error's kind in words; one of a newer server as it is. */
export function kindWord(kind: string | null | undefined): string {
  if (!kind) return '';
  return t(`kind.${kind}` as TextKey).replace(/^kind\./, '');
}

function error(row: LogRow): string {
  return row.error_message || row.fusion_log || '';
}

function retries(row: LogRow): ComponentChildren {
  const total = row.retry_count + row.auto_retry_count;
  if (total === 0) return '';
  const next = row.auto_retry_count > 0 && row.next_auto_retry_at && row.status === 'FAIL';
  return (
    <span title={next ? t('list.next', { time: formatTime(row.next_auto_retry_at) }) : undefined}>
      {total > 0 &&
        t('list.retries', { manual: String(row.retry_count), auto: String(row.auto_retry_count) })}
      {next && <span aria-hidden="true"> ↻</span>}
    </span>
  );
}

const list: Column[] = [
  {
    name: 'status',
    title: 'col.status',
    cell: (row) => <StatusMark status={row.status} />,
    value: (row) => statusWord(row.status),
    filter: (row) => ({ status: row.status === '' ? 'SUPPRESSED' : row.status }),
  },
  {
    name: 'date',
    title: 'col.date',
    cell: (row) => <time dateTime={row.activity_date ?? ''}>{formatTime(row.activity_date)}</time>,
    full: (row) => formatAge(row.activity_date),
    value: (row) => row.activity_date ?? '',
  },
  {
    name: 'age',
    title: 'col.age',
    cell: (row) => <time dateTime={row.inserted_at ?? ''}>{formatAge(row.inserted_at)}</time>,
    full: (row) => formatTime(row.inserted_at),
  },
  { name: 'kind', title: 'col.type', cell: (row) => row.integration_type ?? '' },
  {
    name: 'operation',
    title: 'col.operation',
    cell: (row) => text(row.operation),
    full: (row) => plain(row.operation),
    value: (row) => row.operation ?? '',
    filter: (row) =>
      row.action_category_list_id ? { action: String(row.action_category_list_id) } : null,
  },
  {
    name: 'request',
    title: 'col.request',
    cell: (row) => (
      <span class="mono">
        {row.method} {middle(plain(row.path), 48)}
      </span>
    ),
    full: (row) => plain(row.path),
    value: (row) => row.path ?? '',
  },
  {
    name: 'partner',
    title: 'col.partner',
    cell: (row) => text(row.developer_name),
    full: (row) => plain(row.developer_name),
    value: (row) => row.developer_name ?? '',
    filter: (row) => (row.auth_id ? { auth: String(row.auth_id), lab: String(row.lab_id) } : null),
  },
  {
    name: 'bill',
    title: 'col.bill',
    cell: (row) => id(row.bill_id),
    value: (row) => said(row.bill_id),
    filter: (row) => (row.bill_id ? { q: String(row.bill_id) } : null),
  },
  {
    name: 'patient',
    title: 'col.patient',
    cell: (row) => (row.masked?.includes('patient_id') ? hidden() : id(row.patient_id)),
    value: (row) => said(row.patient_id),
    filter: (row) => (row.patient_id ? { q: String(row.patient_id) } : null),
  },
  {
    name: 'code',
    title: 'col.code',
    cell: (row) => plain(row.response_status_code),
    value: (row) => said(row.response_status_code),
    numeric: true,
  },
  {
    name: 'time',
    title: 'col.time',
    cell: (row) => formatDuration(row.response_time),
    numeric: true,
  },
  {
    name: 'error_kind',
    title: 'col.error_kind',
    cell: (row) => kindWord(row.error_kind),
    value: (row) => row.error_kind ?? '',
    filter: (row) => (row.error_kind ? { kind: row.error_kind } : null),
  },
  {
    name: 'error',
    title: 'col.error',
    cell: (row) => <bdi>{end(plain(error(row)), 80)}</bdi>,
    full: (row) => plain(error(row)),
    value: (row) => error(row),
    filter: (row) =>
      row.error_message ? { q: end(row.error_message, 81).replace(/…$/, '') } : null,
  },
  { name: 'retries', title: 'col.retries', cell: retries, numeric: true },
  {
    name: 'lab',
    title: 'col.lab',
    cell: (row) => id(row.lab_id),
    value: (row) => said(row.lab_id),
    filter: (row) => ({ lab: String(row.lab_id) }),
  },
  { name: 'org', title: 'col.org', cell: (row) => id(row.org_id) },
  { name: 'lrr', title: 'col.lrr', cell: (row) => id(row.lrr_id) },
  { name: 'report', title: 'col.report', cell: (row) => id(row.report_id) },
  { name: 'transport', title: 'col.transport', cell: (row) => row.transport ?? '' },
  {
    name: 'endpoint',
    title: 'col.endpoint',
    cell: (row) => <span class="mono">{middle(plain(row.end_point), 48)}</span>,
    full: (row) => plain(row.end_point),
    value: (row) => row.end_point ?? '',
  },
  { name: 'py3', title: 'col.py3', cell: (row) => (row.triggered_by_py3 ? t('yes') : '') },
  { name: 'ip', title: 'col.ip', cell: (row) => id(row.ip) },
  { name: 'origin', title: 'col.origin', cell: (row) => text(row.origin) },
  { name: 'auth', title: 'col.auth', cell: (row) => id(row.auth_id) },
  {
    name: 'inserted',
    title: 'col.inserted',
    cell: (row) => <time dateTime={row.inserted_at ?? ''}>{formatTime(row.inserted_at)}</time>,
  },
  {
    name: 'log_id',
    title: 'col.log_id',
    cell: (row) => <span class="mono">{row.log_id}</span>,
    value: (row) => row.log_id,
  },
];

export const columns: ReadonlyMap<string, Column> = new Map(list.map((c) => [c.name, c]));

export const shownAtFirst: Record<Tab, string[]> = {
  webhook: 'status date operation partner bill patient code time error retries'.split(' '),
  api: 'status date operation request partner code time error'.split(' '),
  errors: 'status kind age operation partner error_kind error code retries'.split(' '),
};

export const offered: Record<Tab, string[]> = {
  webhook: [
    ...shownAtFirst.webhook,
    ...'lab org lrr report transport endpoint py3 inserted log_id'.split(' '),
  ],
  api: [...shownAtFirst.api, ...'ip origin auth lab bill patient inserted log_id'.split(' ')],
  errors: [
    ...shownAtFirst.errors,
    ...'date bill patient lab transport endpoint inserted log_id'.split(' '),
  ],
};

export function columnsOf(tab: Tab, chosen: string | undefined): Column[] {
  const names = chosen ? chosen.split(',') : shownAtFirst[tab];
  return names.map((name) => columns.get(name)).filter((c): c is Column => c !== undefined);
}
