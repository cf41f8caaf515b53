/* Pages that are one table each: failed tasks, activity, audit. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { get, post } from '../api/client';
import type { Activity, AuditEntry, FailedTask, Page } from '../api/types';
import { BodyView } from '../body/view';
import { hexLines } from '../format/hex';
import { plain } from '../format/text';
import { formatTime } from '../format/time';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { say } from '../parts/toast';
import { address, setFilter } from '../state/route';
import { may } from '../state/session';
import { t, type TextKey } from '../text/en';

interface Column<T> {
  title: TextKey;
  cell: (row: T) => ComponentChildren;
}

/* Loads page after page, newest first. */
function Listing<T extends { id: string | number }>(props: {
  title: string;
  path: string;
  query: Record<string, string>;
  columns: Column<T>[];
  nothing: string;
  /** What narrows the list. */
  tools?: ComponentChildren;
}) {
  const { title, path, query, columns, nothing, tools } = props;
  const [older, setOlder] = useState<T[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const first = useLoad(`${path} ${JSON.stringify(query)}`, async (signal) => {
    const page = await get<Page<T>>(path, { ...query, limit: 50 }, signal);
    setOlder([]);
    setCursor(page.next_cursor);
    return page.items;
  });
  const more = async (): Promise<void> => {
    const page = await get<Page<T>>(path, { ...query, limit: 50, cursor });
    setOlder([...older, ...page.items]);
    setCursor(page.next_cursor);
  };
  const rows = [...(first.data ?? []), ...older];
  return (
    <section>
      <h1>{title}</h1>
      {tools && <div class="list-tools">{tools}</div>}
      {first.error !== null && <ProblemBox error={first.error} again={first.reload} />}
      {first.data && rows.length === 0 && <p class="nothing">{nothing}</p>}
      {rows.length > 0 && (
        <div class="table-frame">
          <table aria-label={title}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.title} scope="col">
                    {t(column.title)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} class="tall">
                  {columns.map((column) => (
                    <td key={column.title}>{column.cell(row)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {cursor && (
        <button type="button" onClick={() => void more()}>
          {t('list.older')}
        </button>
      )}
    </section>
  );
}

function Requeue({ task }: { task: FailedTask }) {
  const [state, setState] = useState<'idle' | 'busy' | 'done'>('idle');
  const [error, setError] = useState<unknown>(null);
  if (state === 'done') return <span class="label">{t('task.requeued')}</span>;
  return (
    <>
      <button
        type="button"
        disabled={state === 'busy'}
        onClick={() => {
          setState('busy');
          post(`failed-tasks/${encodeURIComponent(task.id)}/requeue`).then(
            () => {
              setState('done');
              say(t('task.requeued'));
            },
            (problem: unknown) => {
              setError(problem);
              setState('idle');
            },
          );
        }}
      >
        {t('task.requeue')}
      </button>
      {error !== null && <ProblemBox error={error} />}
    </>
  );
}

function TaskValue({ task }: { task: FailedTask }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      open={open}
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{t('task.bytes', { n: String(task.size) })}</summary>
      {open && (
        <div class="task-value">
          {task.key && (
            <p class="mono">
              {t('task.key')} {plain(task.key)}
            </p>
          )}
          {task.value !== null && <BodyView text={task.value} />}
          {task.value_base64 && <pre class="code">{hexLines(task.value_base64)}</pre>}
          {task.value === null && !task.value_base64 && <p class="quiet">{t('masked')}</p>}
          {task.truncated && <p class="label">{t('body.cut')}</p>}
        </div>
      )}
    </details>
  );
}

const reasons = (tasks: readonly FailedTask[]): string[] =>
  [...new Set(tasks.map((task) => task.reason))].sort();

function ReasonFilter({ chosen }: { chosen: string }) {
  // Those of the newest tasks: the API filters by any.
  const known = useLoad('reasons', (signal) =>
    get<Page<FailedTask>>('failed-tasks', { limit: 100 }, signal),
  );
  const all = new Set([...reasons(known.data?.items ?? []), ...(chosen ? [chosen] : [])]);
  if (all.size < 2 && !chosen) return null;
  return (
    <label>
      {t('reason')}
      <select
        value={chosen}
        onChange={(event) => {
          setFilter({ reason: event.currentTarget.value });
        }}
      >
        <option value="">{t('filter.any')}</option>
        {[...all].map((reason) => (
          <option key={reason} value={reason}>
            {reason}
          </option>
        ))}
      </select>
    </label>
  );
}

export function FailedTasksPage() {
  const reason = address.value.query['reason'] ?? '';
  const columns: Column<FailedTask>[] = [
    { title: 'col.date', cell: (task) => formatTime(task.at) },
    { title: 'reason', cell: (task) => <bdi class="wrap">{plain(task.reason)}</bdi> },
    {
      title: 'task.exception',
      cell: (task) => <bdi class="wrap">{plain(task.exception)}</bdi>,
    },
    {
      title: 'task.source',
      cell: (task) => (
        <span class="mono">
          {plain(task.source_topic)} {task.source_partition ?? ''}/{task.source_offset ?? ''}
        </span>
      ),
    },
    { title: 'col.lab', cell: (task) => task.lab_id ?? '' },
    { title: 'task.value', cell: (task) => <TaskValue task={task} /> },
  ];
  if (may('operator')) columns.push({ title: 'actions', cell: (task) => <Requeue task={task} /> });
  return (
    <Listing
      title={t('nav.failed-tasks')}
      path="failed-tasks"
      query={{ reason }}
      columns={columns}
      nothing={t('task.none')}
      tools={<ReasonFilter chosen={reason} />}
    />
  );
}

/* A number that narrows a page: taken when Enter is pressed or the field is left. */
function NumberFilter({ name, label, value }: { name: string; label: string; value: string }) {
  return (
    <label>
      {label}
      <input
        type="text"
        inputMode="numeric"
        value={value}
        onChange={(event) => {
          const said = event.currentTarget.value.trim();
          if (/^\d*$/.test(said)) setFilter({ [name]: said });
        }}
      />
    </label>
  );
}

export function ActivityPage() {
  const { lab = '', bill = '' } = address.value.query;
  return (
    <Listing<Activity>
      title={t('nav.activity')}
      path="activity"
      query={{ lab_id: lab, bill_id: bill }}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.created_at) },
        { title: 'col.lab', cell: (row) => row.lab_id },
        {
          title: 'col.bill',
          cell: (row) =>
            row.bill_id === null ? (
              ''
            ) : (
              <a href={`/trace/bill/${String(row.bill_id)}?lab=${String(row.lab_id)}`}>
                {row.bill_id}
              </a>
            ),
        },
        { title: 'activity.note', cell: (row) => <bdi class="wrap">{plain(row.note)}</bdi> },
        { title: 'activity.source', cell: (row) => plain(row.source) },
      ]}
      nothing={t(bill ? 'nothing.matches' : 'activity.none')}
      tools={<NumberFilter name="bill" label={t('col.bill')} value={bill} />}
    />
  );
}

/* What an audit row is about, as a link where there is a page of it. */
function AuditObject({ entry }: { entry: AuditEntry }) {
  const id = plain(entry.object_id);
  const to: Record<string, string> = {
    log: `/logs/${id}`,
    'retry-run': `/retries/${id}`,
    lane: '/health',
    'failed-task': '/failed-tasks',
  };
  const path = to[entry.object];
  return (
    <>
      {plain(entry.object)} {path ? <a href={path}>{id}</a> : <span class="mono wrap">{id}</span>}
    </>
  );
}

/* Members of the detail, a line each. */
function AuditDetail({ detail }: { detail: Record<string, unknown> }) {
  const entries = Object.entries(detail).filter(([, value]) => value !== null && value !== '');
  return (
    <>
      {entries.map(([name, value]) => (
        <div key={name}>
          <span class="quiet">{plain(name)}</span>{' '}
          <bdi class="wrap">{plain(typeof value === 'object' ? JSON.stringify(value) : value)}</bdi>
        </div>
      ))}
    </>
  );
}

const auditActions =
  'login login-failed logout create update rotate-auth-key end-old-auth-keys retry resend retry-run reveal preview requeue pause resume cancel test user'.split(
    ' ',
  );

export function AuditPage() {
  const { action = '', actor = '' } = address.value.query;
  return (
    <Listing<AuditEntry>
      title={t('nav.audit')}
      path="audit"
      query={{ action, actor }}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.at) },
        {
          title: 'audit.actor',
          cell: (row) => (
            <button
              type="button"
              class="plain"
              aria-label={t('audit.only', { actor: row.actor })}
              onClick={() => {
                setFilter({ actor: actor ? '' : row.actor });
              }}
            >
              {plain(row.actor)}
            </button>
          ),
        },
        { title: 'audit.action', cell: (row) => plain(row.action) },
        { title: 'audit.object', cell: (row) => <AuditObject entry={row} /> },
        { title: 'col.lab', cell: (row) => row.lab_id ?? '' },
        { title: 'audit.detail', cell: (row) => <AuditDetail detail={row.detail} /> },
      ]}
      nothing={t(action || actor ? 'nothing.matches' : 'audit.none')}
      tools={
        <>
          <label>
            {t('audit.action')}
            <select
              value={action}
              onChange={(event) => {
                setFilter({ action: event.currentTarget.value });
              }}
            >
              <option value="">{t('filter.any')}</option>
              {[...new Set([...auditActions, ...(action ? [action] : [])])].map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          {actor && (
            <button
              type="button"
              class="chip"
              aria-label={t('filter.remove', { words: actor })}
              onClick={() => {
                setFilter({ actor: '' });
              }}
            >
              {plain(actor)} <span aria-hidden="true">✕</span>
            </button>
          )}
        </>
      }
    />
  );
}
