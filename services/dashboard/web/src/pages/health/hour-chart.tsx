/* Deliveries an hour, drawn by uPlot, which is fetched when first needed; the table says the same. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { IntegrationStats } from '../../api/types';
import { count } from '../../format/text';
import { formatTime, zone } from '../../format/time';
import { preferences } from '../../state/session';
import { t } from '../../text/en';

interface Hour {
  at: string;
  success: number;
  fail: number;
}

function sum(integrations: IntegrationStats[]): Hour[] {
  const hours = new Map<string, Hour>();
  for (const one of integrations)
    for (const hour of one.hours) {
      const all = hours.get(hour.at) ?? { at: hour.at, success: 0, fail: 0 };
      all.success += hour.success;
      all.fail += hour.fail;
      hours.set(hour.at, all);
    }
  return [...hours.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
}

/* A canvas knows no variables: the colour that one stands for here. */
function colour(at: HTMLElement, name: string): string {
  at.style.color = `var(${name})`;
  const found = getComputedStyle(at).color;
  at.style.color = '';
  return found;
}

async function draw(into: HTMLElement, hours: Hour[]): Promise<() => void> {
  const [{ default: UPlot }] = await Promise.all([
    import('uplot'),
    import('uplot/dist/uPlot.min.css'),
  ]);
  const axis = {
    stroke: colour(into, '--quiet'),
    grid: { stroke: colour(into, '--line'), width: 1 },
    ticks: { show: false },
  };
  const clock = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone(),
  });
  const plot = new UPlot(
    {
      width: Math.max(300, into.clientWidth),
      height: 180,
      legend: { show: false },
      cursor: { show: false },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((s) => clock.format(s * 1000)) }, axis],
      series: [
        {},
        {
          label: t('status.success'),
          stroke: colour(into, '--good'),
          width: 2,
          points: { show: false },
        },
        {
          label: t('status.fail'),
          stroke: colour(into, '--bad'),
          width: 2,
          points: { show: false },
        },
      ],
    },
    [
      hours.map((hour) => Date.parse(hour.at) / 1000),
      hours.map((hour) => hour.success),
      hours.map((hour) => hour.fail),
    ],
    into,
  );
  return () => {
    plot.destroy();
  };
}

export function HourChart({ integrations }: { integrations: IntegrationStats[] }) {
  const ref = useRef<HTMLDivElement>(null);
  const [plain, setPlain] = useState(false);
  const hours = sum(integrations);
  const key = JSON.stringify(hours);
  // Another theme or zone: drawn anew, since a canvas keeps its colours.
  const look = `${preferences.value.theme ?? ''} ${zone()}`;
  useEffect(() => {
    if (!ref.current || hours.length < 2) return undefined;
    // Of a build that is gone the chart cannot be fetched: then the table is there (stale.ts).
    const drawn = draw(ref.current, hours);
    drawn.catch(() => {
      setPlain(true);
    });
    return () => {
      drawn.then(
        (end) => {
          end();
        },
        () => undefined,
      );
    };
  }, [key, look]);
  if (hours.length < 2) return null;
  return (
    <figure>
      <figcaption>{t('chart.title')}</figcaption>
      <div ref={ref} class="chart" aria-hidden="true" hidden={plain} />
      <details open={plain}>
        <summary>{t('chart.data')}</summary>
        <table aria-label={t('chart.title')}>
          <thead>
            <tr>
              <th scope="col">{t('chart.hour')}</th>
              <th scope="col">{t('status.success')}</th>
              <th scope="col">{t('status.fail')}</th>
            </tr>
          </thead>
          <tbody>
            {hours.map((hour) => (
              <tr key={hour.at}>
                <td>{formatTime(hour.at)}</td>
                <td>{count(hour.success)}</td>
                <td>{count(hour.fail)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
