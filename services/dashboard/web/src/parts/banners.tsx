/* What every page says while it holds: a newer version, partners on hold, runs under way. */
import { useEffect } from 'preact/hooks';

import { count, plain } from '../format/text';
import { formatTime } from '../format/time';
import { health, watchHealth } from '../state/health';
import { address } from '../state/route';
import { activeRuns, finished, watchRuns } from '../state/runs';
import { stale } from '../state/stale';
import { t, type TextKey } from '../text/en';

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

/* A store that is away: what still works is said with it. */
function Away() {
  const stores = Object.entries(health.value?.stores ?? {}).filter(([, up]) => !up);
  return (
    <>
      {stores.map(([name]) => (
        <div key={name} class="banner banner-bad" role="status">
          {t(`banner.away.${name}` as TextKey)}
        </div>
      ))}
    </>
  );
}

/* Lanes that people hold, on every page of their labs until they are let go. */
function Held() {
  const lab = address.value.query['lab'] ?? '';
  const held = (health.value?.lanes ?? []).filter(
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
          <a href={lab ? `/health?lab=${lab}` : '/health'}>{t('nav.health')}</a>
        </div>
      ))}
    </>
  );
}

export function Banners() {
  useEffect(watchHealth, []);
  return (
    <div class="banners">
      <Stale />
      <Away />
      <Held />
    </div>
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
