/* Runs of many retries: their progress, and the hold on them. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { get, post } from '../../api/client';
import { listen } from '../../api/stream';
import type { Items as ItemsOf, Page, RetryRun, RetryRunItem } from '../../api/types';
import { csvText, download } from '../../format/csv';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { usePages } from '../../parts/pages';
import { problemText, ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { Table, type TableColumn } from '../../parts/table';
import { say } from '../../parts/toast';
import { finished, hasEnded } from '../../state/runs';
import { may } from '../../state/session';
import { t, type TextKey } from '../../text/en';

import { known } from './preview';

const askMs = 5000;
const pageSize = 100;
const exportPage = 500;

const countWord = (name: string): string => t(`run.count.${name}` as TextKey);

function Bar({ run }: { run: RetryRun }) {
  const parts = Object.entries(run.counts).filter(([, n]) => n > 0);
  let x = 0;
  return (
    <>
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([name, n]) => {
          const width = (n / Math.max(1, run.total)) * 100;
          const at = x;
          x += width;
          return (
            <rect
              key={name}
              class={`bar-${name.toLowerCase()}`}
              x={at}
              y={0}
              width={width}
              height={4}
            />
          );
        })}
      </svg>
      <p role="status">
        {parts.map(([name, n]) => `${countWord(name)} ${count(n)}`).join(' · ')} ·{' '}
        {t('run.of', { total: count(run.total) })}
      </p>
    </>
  );
}

function Left({ run }: { run: RetryRun }) {
  const waiting = run.counts['waiting'] ?? 0;
  if (run.state !== 'RUNNING' || waiting === 0 || !run.rate) return null;
  const minutes = Math.ceil(waiting / run.rate / 60);
  return (
    <p class="quiet">
      {t('run.left', { minutes: String(minutes), rate: String(Math.round(run.rate * 10) / 10) })}
    </p>
  );
}

function Hold({ run, onChange }: { run: RetryRun; onChange: (run: RetryRun) => void }) {
  const [error, setError] = useState<unknown>(null);
  const ask = (what: 'pause' | 'resume' | 'cancel'): void => {
    setError(null);
    post<RetryRun>(`retry-runs/${run.id}/${what}`).then(onChange, setError);
  };
  if (!may('operator') || hasEnded(run)) return null;
  const next = run.state === 'RUNNING' ? 'pause' : 'resume';
  return (
    <>
      <button
        type="button"
        onClick={() => {
          ask(next);
        }}
      >
        {t(`run.${next}`)}
      </button>
      <button
        type="button"
        onClick={() => {
          ask('cancel');
        }}
      >
        {t('run.cancel')}
      </button>
      {error !== null && <ProblemBox error={error} />}
    </>
  );
}

/* All items, page after page: what the page shows is only the beginning. */
async function allItems(id: string): Promise<RetryRunItem[]> {
  const all: RetryRunItem[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Page<RetryRunItem> = await get(`retry-runs/${id}/items`, {
      limit: exportPage,
      cursor,
    });
    all.push(...page.items);
    cursor = page.next_cursor;
  }
  return all;
}

async function exportItems(id: string): Promise<void> {
  const items = await allItems(id);
  const head = 'log_id,lab_id,state,status,response_status_code,error_kind,error,updated_at';
  const rows = items.map((item) => [
    item.log_id,
    item.lab_id,
    item.state,
    item.status,
    item.response_status_code,
    item.error_kind,
    item.error,
    item.updated_at,
  ]);
  const text = csvText([head.split(','), ...rows]);
  download(`retry-run-${id}.csv`, new Blob([text], { type: 'text/csv' }));
}

/* The stream tells of changes; where it is silent, the run is asked for until it has ended. */
function useRun(id: string) {
  const run = useLoad(`run ${id}`, (signal) => get<RetryRun>(`retry-runs/${id}`, {}, signal));
  const over = run.data !== null && hasEnded(run.data);
  useEffect(() => {
    if (over) return undefined;
    let toldAt = 0;
    const end = listen('run', (data) => {
      const said = data as Partial<RetryRun>;
      if (String(said.id) !== id) return;
      toldAt = Date.now();
      if (said.counts && said.state) run.change((old) => ({ ...old, ...said, id }) as RetryRun);
      else run.reload();
    });
    const timer = setInterval(() => {
      if (Date.now() - toldAt > askMs) run.reload();
    }, askMs / 2);
    return () => {
      end();
      clearInterval(timer);
    };
  }, [over, id]);
  return run;
}

/* Why it was refused is a word of ours, what went wrong a partner's. */
const errorOf = (item: RetryRunItem): string =>
  item.state === 'REFUSED' && item.error ? known('refused', item.error) : plain(item.error);

const itemColumns: TableColumn<RetryRunItem>[] = [
  {
    title: 'col.log_id',
    cell: (item) => (
      <a class="mono" href={`/logs/${item.log_id}`}>
        {item.log_id}
      </a>
    ),
  },
  { title: 'run.state', cell: (item) => item.state },
  {
    title: 'col.status',
    cell: (item) => item.status != null && <StatusMark status={item.status} />,
  },
  { title: 'col.code', numeric: true, cell: (item) => item.response_status_code ?? '' },
  {
    title: 'run.changed',
    cell: ({ payload_changed: changed }) =>
      changed != null && t(changed ? 'run.changed.yes' : 'run.changed.no'),
  },
  {
    title: 'col.error',
    class: 'cell-error',
    cell: (item) => <bdi>{errorOf(item)}</bdi>,
    full: errorOf,
  },
  { title: 'col.date', cell: (item) => formatTime(item.updated_at) },
];

function Items({ run }: { run: RetryRun }) {
  const [state, setState] = useState('');
  const items = usePages<RetryRunItem>(`retry-runs/${run.id}/items`, { state }, pageSize);
  const counts = JSON.stringify(run.counts);
  const known = useRef(counts);
  useEffect(() => {
    if (known.current !== counts) items.reload();
    known.current = counts;
  }, [counts]);
  const words = Object.entries(run.counts).filter(([, n]) => n > 0);
  return (
    <>
      <div class="status-filter" role="group" aria-label={t('run.state')}>
        {[['', run.total] as const, ...words].map(([name, n]) => (
          <button
            key={name}
            type="button"
            aria-pressed={state === name}
            onClick={() => {
              setState(name);
            }}
          >
            {name === '' ? t('run.all') : countWord(name)}
            <span class="n">{count(n)}</span>
          </button>
        ))}
      </div>
      {items.error !== null && <ProblemBox error={items.error} again={items.reload} />}
      <Table
        label={t('run.items')}
        rows={items.rows}
        columns={itemColumns}
        keyOf={(item) => item.log_id}
      />
      {items.more && (
        <button type="button" disabled={items.loading} onClick={items.more}>
          {t('list.more')}
        </button>
      )}
    </>
  );
}

export function RunPage({ id }: { id: string }) {
  const run = useRun(id);
  if (run.error !== null && !run.data) return <ProblemBox error={run.error} again={run.reload} />;
  if (!run.data) return <p role="status">{t('loading')}</p>;
  return (
    <section>
      <h1>{t('run.title', { id })}</h1>
      <p>
        <strong>{run.data.state}</strong> · {plain(run.data.created_by)} ·{' '}
        {formatTime(run.data.created_at)} ·{' '}
        {run.data.rate ? `${t('run.rate.is', { rate: String(run.data.rate) })} · ` : ''}
        <bdi>{plain(run.data.reason)}</bdi>
      </p>
      {run.data.why && run.data.state === 'STOPPED' && (
        <p class="notice notice-bad">{t('run.stopped', { why: plain(run.data.why) })}</p>
      )}
      <Bar run={run.data} />
      <Left run={run.data} />
      <div class="actions">
        <Hold
          run={run.data}
          onChange={(changed) => {
            run.change(() => changed);
          }}
        />
        <button
          type="button"
          onClick={() => {
            exportItems(id).catch((problem: unknown) => {
              say(problemText(problem));
            });
          }}
        >
          {t('run.export')}
        </button>
      </div>
      <Items run={run.data} />
    </section>
  );
}

const runColumns: TableColumn<RetryRun>[] = [
  { title: 'run.name', cell: (run) => <a href={`/retries/${run.id}`}>{run.id}</a> },
  {
    title: 'run.state',
    cell: (run) =>
      hasEnded(run)
        ? run.state
        : `${run.state} ${String(Math.round((100 * finished(run)) / Math.max(1, run.total)))} %`,
  },
  {
    title: 'reason',
    class: 'cell-error',
    cell: (run) => <bdi>{plain(run.reason)}</bdi>,
    full: (run) => plain(run.reason),
  },
  { title: 'run.by', cell: (run) => plain(run.created_by) },
  { title: 'col.date', cell: (run) => formatTime(run.created_at) },
  { title: 'run.count.success', numeric: true, cell: (run) => count(run.counts['success'] ?? 0) },
  { title: 'run.count.fail', numeric: true, cell: (run) => count(run.counts['fail'] ?? 0) },
  { title: 'run.total', numeric: true, cell: (run) => count(run.total) },
];

export function RunsPage() {
  const runs = useLoad('runs', (signal) =>
    get<ItemsOf<RetryRun>>('retry-runs', { limit: 50 }, signal),
  );
  useEffect(() => listen('run', runs.reload), []);
  return (
    <section>
      <h1>{t('nav.retries')}</h1>
      {runs.error !== null && <ProblemBox error={runs.error} again={runs.reload} />}
      {runs.data?.items.length === 0 && (
        <p class="nothing">
          {t('run.none')} <a href="/errors">{t('nav.errors')}</a>
        </p>
      )}
      {runs.data && runs.data.items.length > 0 && (
        <Table
          label={t('nav.retries')}
          rows={runs.data.items}
          columns={runColumns}
          keyOf={(run) => run.id}
        />
      )}
    </section>
  );
}
