/* Pages that are one table each: failed tasks, activity, audit. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { get, post } from '../api/client';
import type { Activity, AuditEntry, FailedTask, Page } from '../api/types';
import { plain } from '../format/text';
import { formatTime } from '../format/time';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { say } from '../parts/toast';
import { address } from '../state/route';
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
}) {
  const { title, path, query, columns, nothing } = props;
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
                <tr key={row.id}>
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
  const text = task.value ?? task.value_base64;
  return (
    <details>
      <summary>{t('task.bytes', { n: String(task.size) })}</summary>
      {text ? <pre class="code">{plain(text)}</pre> : <p class="quiet">{t('masked')}</p>}
      {task.truncated && <p class="label">{t('body.cut')}</p>}
    </details>
  );
}

export function FailedTasksPage() {
  const columns: Column<FailedTask>[] = [
    { title: 'col.date', cell: (task) => formatTime(task.at) },
    { title: 'reason', cell: (task) => plain(task.reason) },
    { title: 'task.exception', cell: (task) => <bdi>{plain(task.exception)}</bdi> },
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
      query={{}}
      columns={columns}
      nothing={t('task.none')}
    />
  );
}

export function ActivityPage() {
  const lab = address.value.query['lab'] ?? '';
  return (
    <Listing<Activity>
      title={t('nav.activity')}
      path="activity"
      query={{ lab_id: lab }}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.created_at) },
        { title: 'col.lab', cell: (row) => row.lab_id },
        { title: 'col.bill', cell: (row) => row.bill_id ?? '' },
        { title: 'activity.note', cell: (row) => <bdi>{plain(row.note)}</bdi> },
        { title: 'activity.source', cell: (row) => plain(row.source) },
      ]}
      nothing={t('activity.none')}
    />
  );
}

export function AuditPage() {
  return (
    <Listing<AuditEntry>
      title={t('nav.audit')}
      path="audit"
      query={{}}
      columns={[
        { title: 'col.date', cell: (row) => formatTime(row.at) },
        { title: 'audit.actor', cell: (row) => plain(row.actor) },
        { title: 'audit.action', cell: (row) => plain(row.action) },
        { title: 'audit.object', cell: (row) => `${plain(row.object)} ${plain(row.object_id)}` },
        { title: 'col.lab', cell: (row) => row.lab_id ?? '' },
        {
          title: 'audit.detail',
          cell: (row) => <code class="wrap">{plain(JSON.stringify(row.detail))}</code>,
        },
      ]}
      nothing={t('audit.none')}
    />
  );
}
