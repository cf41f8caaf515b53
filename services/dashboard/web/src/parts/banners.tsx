/* What every page says while it holds: a newer version, partners on hold, runs under way. */
import { useEffect } from 'preact/hooks';

import { get, post } from '../api/client';
import { listen } from '../api/stream';
import type { Items, Lane } from '../api/types';
import { count, plain } from '../format/text';
import { formatTime } from '../format/time';
import { address } from '../state/route';
import { activeRuns, finished, watchRuns } from '../state/runs';
import { may } from '../state/session';
import { stale } from '../state/stale';
import { t } from '../text/en';

import { useLoad } from './load';
import { problemText } from './problem';
import { say } from './toast';

const askMs = 60_000;

function Stale() {
  if (!stale.value) return null;
  return (
    <div class="banner" role="status">
      <span>{t('stale.title')}</span>
      <button
        type="button"
        onClick={() => {
          location.reload();
        }}
      >
        {t('stale.reload')}
      </button>
    </div>
  );
}

/* Lanes that people hold, on every page of their labs until they are let go. */
function Held() {
  const lab = address.value.query['lab'] ?? '';
  const lanes = useLoad('lanes', (signal) => get<Items<Lane>>('lanes', {}, signal));
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) lanes.reload();
    }, askMs);
    const endings = ['health', 'lanes', 'resync'].map((name) => listen(name, lanes.reload));
    return () => {
      clearInterval(timer);
      for (const end of endings) end();
    };
  }, []);
  const held = (lanes.data?.items ?? []).filter(
    (lane) => lane.paused && (lab === '' || lane.lab_ids.map(String).includes(lab)),
  );
  return (
    <>
      {held.map((lane) => (
        <div key={lane.id} class="banner" role="status">
          <span>
            {t('banner.held', { partner: plain(lane.developer_name) || lane.id })}{' '}
            {lane.until && t('banner.until', { time: formatTime(lane.until) })}{' '}
            <bdi class="quiet">{plain(lane.reason)}</bdi>
          </span>
          {may('operator') && (
            <button
              type="button"
              onClick={() => {
                post(`lanes/${encodeURIComponent(lane.id)}/resume`).then(
                  lanes.reload,
                  (problem: unknown) => {
                    say(problemText(problem));
                  },
                );
              }}
            >
              {t('lane.resume')}
            </button>
          )}
        </div>
      ))}
    </>
  );
}

export function Banners() {
  return (
    <>
      <Stale />
      <Held />
    </>
  );
}

/* In the bar: how far the newest run is. */
export function RunStrip() {
  useEffect(watchRuns, []);
  const runs = activeRuns.value;
  const [run] = runs;
  if (!run) return null;
  return (
    <a class="run-strip" href={`/retries/${run.id}`}>
      <progress max={Math.max(1, run.total)} value={finished(run)} aria-hidden="true" />{' '}
      {t('run.strip', { done: count(finished(run)), total: count(run.total) })}
      {run.state === 'PAUSED' && ` · ${t('lane.paused')}`}
      {runs.length > 1 && ` +${String(runs.length - 1)}`}
    </a>
  );
}
