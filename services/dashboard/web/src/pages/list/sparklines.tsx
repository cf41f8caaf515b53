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

/* A stacked bar an hour: what arrived, and above it what failed. */
export function Spark({ stats }: { stats: IntegrationStats }) {
  const top = Math.max(1, ...stats.hours.map((hour) => hour.success + hour.fail));
  const step = width / Math.max(1, stats.hours.length);
  const tall = (n: number): number => (n === 0 ? 0 : Math.max(1.5, (n / top) * height));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${String(width)} ${String(height)}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      {stats.hours.map((hour, i) => {
        const ok = tall(hour.success);
        const bad = tall(hour.fail);
        const at = { x: i * step, width: Math.max(1, step - 1) };
        return (
          <g key={hour.at}>
            {ok > 0 && <rect class="spark-ok" {...at} y={height - ok} height={ok} />}
            {bad > 0 && (
              <rect class="spark-bad" {...at} y={Math.max(0, height - ok - bad)} height={bad} />
            )}
          </g>
        );
      })}
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
        const figures = (
          <>
            <span class="spark-name">
              <bdi>{plain(one.developer_name)}</bdi> <span class="quiet">{one.operation}</span>
            </span>
            <Spark stats={one} />
            <span class={`spark-figures${rate(one) < poor ? ' bad' : ''}`}>
              {t('spark.figures', {
                percent: String(Math.round(rate(one) * 1000) / 10),
                p95: formatDuration(one.p95_ms) || '–',
              })}
            </span>
          </>
        );
        if (id === '')
          return (
            <li key={`${String(one.auth_id)} ${one.operation ?? ''}`}>
              <div>{figures}</div>
            </li>
          );
        return (
          <li key={id}>
            <button
              type="button"
              aria-pressed={id === chosen}
              title={`${plain(one.developer_name)} ${plain(one.operation)}`}
              onClick={() => {
                setFilter({ integration: id === chosen ? '' : id });
              }}
            >
              {figures}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
