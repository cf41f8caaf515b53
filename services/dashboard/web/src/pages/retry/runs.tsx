/* Runs of many retries: their progress, and the hold on them. */
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../../api/client';
import { listen } from '../../api/stream';
import type { Items as ItemsOf, Page, RetryRun, RetryRunItem } from '../../api/types';
import { csvText, download } from '../../format/csv';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { problemText, ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { say } from '../../parts/toast';
import { finished, hasEnded } from '../../state/runs';
import { may } from '../../state/session';
import { t, type TextKey } from '../../text/en';

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

function ItemRow({ item }: { item: RetryRunItem }) {
  return (
    <tr>
      <td>
        <a class="mono" href={`/logs/${item.log_id}`}>
          {item.log_id}
        </a>
      </td>
      <td>{item.state}</td>
      <td>{item.status != null && <StatusMark status={item.status} />}</td>
      <td class="numeric">{item.response_status_code ?? ''}</td>
      <td>
        {item.payload_changed != null &&
          t(item.payload_changed ? 'run.changed.yes' : 'run.changed.no')}
      </td>
      <td class="cell-error" title={plain(item.error)}>
        <bdi>{plain(item.error)}</bdi>
      </td>
      <td>{formatTime(item.updated_at)}</td>
    </tr>
  );
}

function Items({ run }: { run: RetryRun }) {
  const [state, setState] = useState('');
  const [older, setOlder] = useState<RetryRunItem[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const items = useLoad(`items ${run.id} ${state}`, async (signal) => {
    const page = await get<Page<RetryRunItem>>(
      `retry-runs/${run.id}/items`,
      { limit: pageSize, state },
      signal,
    );
    setOlder([]);
    setCursor(page.next_cursor);
    return page.items;
  });
  const counts = JSON.stringify(run.counts);
  useEffect(items.reload, [counts]);
  const more = async (): Promise<void> => {
    const page = await get<Page<RetryRunItem>>(`retry-runs/${run.id}/items`, {
      limit: pageSize,
      state,
      cursor,
    });
    setOlder([...older, ...page.items]);
    setCursor(page.next_cursor);
  };
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
      <div class="table-frame">
        <table aria-label={t('run.items')}>
          <thead>
            <tr>
              <th scope="col">{t('col.log_id')}</th>
              <th scope="col">{t('run.state')}</th>
              <th scope="col">{t('col.status')}</th>
              <th scope="col" class="numeric">
                {t('col.code')}
              </th>
              <th scope="col">{t('run.changed')}</th>
              <th scope="col">{t('col.error')}</th>
              <th scope="col">{t('col.date')}</th>
            </tr>
          </thead>
          <tbody>
            {[...(items.data ?? []), ...older].map((item) => (
              <ItemRow key={item.log_id} item={item} />
            ))}
          </tbody>
        </table>
      </div>
      {cursor && (
        <button type="button" onClick={() => void more()}>
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
        <div class="table-frame">
          <table aria-label={t('nav.retries')}>
            <thead>
              <tr>
                <th scope="col">{t('run.name')}</th>
                <th scope="col">{t('run.state')}</th>
                <th scope="col">{t('reason')}</th>
                <th scope="col">{t('run.by')}</th>
                <th scope="col">{t('col.date')}</th>
                <th scope="col" class="numeric">
                  {t('run.count.success')}
                </th>
                <th scope="col" class="numeric">
                  {t('run.count.fail')}
                </th>
                <th scope="col" class="numeric">
                  {t('run.total')}
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.data.items.map((run) => (
                <tr key={run.id}>
                  <td>
                    <a href={`/retries/${run.id}`}>{run.id}</a>
                  </td>
                  <td>
                    {run.state}
                    {!hasEnded(run) &&
                      ` ${String(Math.round((100 * finished(run)) / Math.max(1, run.total)))} %`}
                  </td>
                  <td class="cell-error">
                    <bdi>{plain(run.reason)}</bdi>
                  </td>
                  <td>{plain(run.created_by)}</td>
                  <td>{formatTime(run.created_at)}</td>
                  <td class="numeric">{count(run.counts['success'] ?? 0)}</td>
                  <td class="numeric">{count(run.counts['fail'] ?? 0)}</td>
                  <td class="numeric">{count(run.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
