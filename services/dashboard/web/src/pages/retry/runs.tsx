/* Runs of many retries: their progress, and the hold on them. */
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../../api/client';
import type { Items, Page, RetryRun, RetryRunItem } from '../../api/types';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { may } from '../../state/session';
import { t } from '../../text/en';

const pollMs = 2000;
const ended = new Set(['DONE', 'CANCELLED', 'STOPPED']);

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
        {parts.map(([name, n]) => `${name.toLowerCase()} ${count(n)}`).join(' · ')} ·{' '}
        {t('run.of', { total: count(run.total) })}
      </p>
    </>
  );
}

function Hold({ run, onChange }: { run: RetryRun; onChange: (run: RetryRun) => void }) {
  const [error, setError] = useState<unknown>(null);
  const ask = (what: 'pause' | 'resume' | 'cancel'): void => {
    post<RetryRun>(`retry-runs/${run.id}/${what}`).then(onChange, setError);
  };
  if (!may('operator') || ended.has(run.state)) return null;
  return (
    <div class="actions">
      {run.state === 'PAUSED' ? (
        <button
          type="button"
          onClick={() => {
            ask('resume');
          }}
        >
          {t('run.resume')}
        </button>
      ) : (
        <button
          type="button"
          onClick={() => {
            ask('pause');
          }}
        >
          {t('run.pause')}
        </button>
      )}
      <button
        type="button"
        onClick={() => {
          ask('cancel');
        }}
      >
        {t('run.cancel')}
      </button>
      {error !== null && <ProblemBox error={error} />}
    </div>
  );
}

/* A run is asked for its progress until it has ended. */
function useRun(id: string) {
  const run = useLoad(`run ${id}`, (signal) => get<RetryRun>(`retry-runs/${id}`, {}, signal));
  const over = run.data !== null && ended.has(run.data.state);
  useEffect(() => {
    if (over) return undefined;
    const timer = setInterval(run.reload, pollMs);
    return () => {
      clearInterval(timer);
    };
  }, [over, id]);
  return run;
}

export function RunPage({ id }: { id: string }) {
  const run = useRun(id);
  const items = useLoad(
    run.data ? `items ${id} ${JSON.stringify(run.data.counts)}` : null,
    (signal) => get<Page<RetryRunItem>>(`retry-runs/${id}/items`, { limit: 100 }, signal),
  );
  if (run.error !== null && !run.data) return <ProblemBox error={run.error} again={run.reload} />;
  if (!run.data) return <p role="status">{t('loading')}</p>;
  return (
    <section>
      <h1>{t('run.title', { id })}</h1>
      <p>
        <strong>{run.data.state}</strong> · {plain(run.data.created_by)} ·{' '}
        {formatTime(run.data.created_at)} · {plain(run.data.reason)}
      </p>
      <Bar run={run.data} />
      <Hold
        run={run.data}
        onChange={(changed) => {
          run.change(() => changed);
        }}
      />
      <div class="table-frame">
        <table aria-label={t('run.items')}>
          <thead>
            <tr>
              <th scope="col">{t('col.log_id')}</th>
              <th scope="col">{t('run.state')}</th>
              <th scope="col">{t('col.status')}</th>
              <th scope="col">{t('col.error')}</th>
              <th scope="col">{t('col.date')}</th>
            </tr>
          </thead>
          <tbody>
            {(items.data?.items ?? []).map((item) => (
              <tr key={item.log_id}>
                <td>
                  <a class="mono" href={`/logs/${item.log_id}`}>
                    {item.log_id}
                  </a>
                </td>
                <td>{item.state}</td>
                <td>{item.status != null && <StatusMark status={item.status} />}</td>
                <td>
                  <bdi>{plain(item.error)}</bdi>
                </td>
                <td>{formatTime(item.updated_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function RunsPage() {
  const runs = useLoad('runs', (signal) =>
    get<Items<RetryRun>>('retry-runs', { limit: 50 }, signal),
  );
  return (
    <section>
      <h1>{t('nav.retries')}</h1>
      {runs.error !== null && <ProblemBox error={runs.error} again={runs.reload} />}
      {runs.data?.items.length === 0 && <p class="nothing">{t('run.none')}</p>}
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
                {t('run.total')}
              </th>
            </tr>
          </thead>
          <tbody>
            {(runs.data?.items ?? []).map((run) => (
              <tr key={run.id}>
                <td>
                  <a href={`/retries/${run.id}`}>{run.id}</a>
                </td>
                <td>{run.state}</td>
                <td>
                  <bdi>{plain(run.reason)}</bdi>
                </td>
                <td>{plain(run.created_by)}</td>
                <td>{formatTime(run.created_at)}</td>
                <td class="numeric">{count(run.total)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
