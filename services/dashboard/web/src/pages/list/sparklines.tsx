/* The last 24 hours of each integration, the worst first. */
import { useEffect } from 'preact/hooks';

import { get } from '../../api/client';
import type { IntegrationStats, Stats } from '../../api/types';
import { plain } from '../../format/text';
import { formatDuration } from '../../format/time';
import { useLoad } from '../../parts/load';
import { setFilter } from '../../state/route';
import { t } from '../../text/en';

const width = 96;
const height = 22;
const shown = 8;
const poor = 0.95;
const refreshMs = 60_000;

function points(hours: IntegrationStats['hours'], of: 'success' | 'fail', top: number): string {
  const step = hours.length > 1 ? width / (hours.length - 1) : width;
  return hours
    .map(
      (hour, i) =>
        `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(height - 1 - (hour[of] / top) * (height - 2)).toFixed(1)}`,
    )
    .join('');
}

export function Spark({ stats }: { stats: IntegrationStats }) {
  const top = Math.max(1, ...stats.hours.map((hour) => Math.max(hour.success, hour.fail)));
  return (
    <svg
      viewBox={`0 0 ${String(width)} ${String(height)}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <path class="spark-ok" d={points(stats.hours, 'success', top)} />
      <path class="spark-bad" d={points(stats.hours, 'fail', top)} />
    </svg>
  );
}

export function Sparklines({ lab, chosen }: { lab: string; chosen: string }) {
  const stats = useLoad(`stats ${lab}`, (signal) => get<Stats>('stats', { lab_id: lab }, signal));
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) stats.reload();
    }, refreshMs);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const rate = (one: IntegrationStats): number => one.success_rate ?? 1;
  const worst = [...(stats.data?.integrations ?? [])]
    .sort((a, b) => rate(a) - rate(b))
    .slice(0, shown);
  // The strip keeps its height while it loads: the table below must not move.
  return (
    <ul class="sparklines" aria-label={t('spark.title')}>
      {stats.data && worst.length === 0 && <li class="quiet">{t('spark.none')}</li>}
      {worst.map((one) => {
        const id = String(one.lab_integration_id ?? '');
        return (
          <li key={id}>
            <button
              type="button"
              aria-pressed={id !== '' && id === chosen}
              disabled={id === ''}
              onClick={() => {
                setFilter({ integration: id === chosen ? '' : id });
              }}
            >
              <span class="spark-name">
                <bdi>{plain(one.developer_name)}</bdi> <span class="quiet">{one.operation}</span>
              </span>
              <Spark stats={one} />
              <span class={`spark-figures ${rate(one) < poor ? 'bad' : ''}`}>
                {t('spark.figures', {
                  percent: String(Math.round(rate(one) * 1000) / 10),
                  p95: formatDuration(one.p95_ms) || '–',
                })}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
