/* Lag, stores, paused partners, work that is stuck and why. */
import { useEffect, useState } from 'preact/hooks';

import { get } from '../../api/client';
import { listen } from '../../api/stream';
import type { Health, IntegrationStats, Stats, StuckLog } from '../../api/types';
import { count, plain } from '../../format/text';
import { formatAge, formatDuration, formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { Table, type TableColumn } from '../../parts/table';
import { askHealth } from '../../state/health';
import { address } from '../../state/route';
import { t, tn } from '../../text/en';
import { Spark } from '../list/sparklines';

import { HourChart } from './hour-chart';
import { Lanes } from './lanes';
import { ShowAll, shownAtFirst } from './show-all';

const healthMs = 5000;
const statsMs = 60_000;
const poor = 0.95;

const consumerColumns: TableColumn<Health['consumers'][number]>[] = [
  { title: 'health.group', cell: (consumer) => consumer.group },
  { title: 'health.topic', class: 'mono', cell: (consumer) => consumer.topic },
  {
    title: 'health.waiting',
    numeric: true,
    cell: ({ lag }) => (lag === null ? t('unknown') : count(lag)),
  },
];

function Consumers({ health }: { health: Health }) {
  return (
    <section>
      <h2>{t('health.lag')}</h2>
      <Table
        label={t('health.lag')}
        rows={health.consumers}
        columns={consumerColumns}
        keyOf={(consumer) => `${consumer.group} ${consumer.topic}`}
      />
    </section>
  );
}

const stuckColumns: TableColumn<StuckLog>[] = [
  {
    title: 'col.log_id',
    cell: (row) => (
      <a href={`/logs/${row.log_id}`} class="mono">
        {row.log_id}
      </a>
    ),
  },
  { title: 'col.operation', cell: (row) => <bdi>{plain(row.operation)}</bdi> },
  { title: 'col.partner', cell: (row) => <bdi>{plain(row.developer_name)}</bdi> },
  {
    title: 'col.age',
    cell: (row) => formatAge(row.inserted_at),
    full: (row) => formatTime(row.inserted_at),
  },
  { title: 'health.why', class: 'why', cell: (row) => plain(row.why_text) },
];

function Stuck({ health, lab }: { health: Health; lab: string }) {
  const { stuck } = health;
  const items = stuck.items.filter((row) => lab === '' || String(row.lab_id) === lab);
  // the count is of all the reader's labs, of which the newest are given
  const n = lab === '' ? stuck.count.count : items.length;
  const more = lab === '' ? stuck.count.capped : stuck.count.count > stuck.items.length;
  return (
    <section>
      <h2>{t('health.stuck', { n: `${count(n)}${more ? '+' : ''}` })}</h2>
      {items.length === 0 ? (
        <p class="quiet">{t('health.stuck.none')}</p>
      ) : (
        <Table
          label={t('health.stuck.title')}
          rows={items}
          columns={stuckColumns}
          keyOf={(row) => row.log_id}
        />
      )}
    </section>
  );
}

const integrationColumns: TableColumn<IntegrationStats>[] = [
  { title: 'col.partner', cell: (one) => <bdi>{plain(one.developer_name)}</bdi> },
  {
    title: 'col.operation',
    cell: (one) =>
      one.lab_integration_id === null ? (
        plain(one.operation)
      ) : (
        <a
          href={`/webhook?lab=${String(one.lab_id)}&integration=${String(one.lab_integration_id)}`}
        >
          {plain(one.operation)}
        </a>
      ),
  },
  { title: 'chart.title', cell: (one) => <Spark stats={one} /> },
  {
    title: 'health.rate',
    numeric: true,
    cell: ({ success_rate: rate }) =>
      rate !== null && (
        <span class={rate < poor ? 'bad' : ''}>{`${String(Math.round(rate * 1000) / 10)} %`}</span>
      ),
  },
  { title: 'health.p95', numeric: true, cell: (one) => formatDuration(one.p95_ms) },
  { title: 'health.total', numeric: true, cell: (one) => count(one.total) },
];

function Integrations({ stats }: { stats: Stats }) {
  const [all, setAll] = useState(false);
  const worst = [...stats.integrations].sort(
    (a, b) => (a.success_rate ?? 1) - (b.success_rate ?? 1) || b.total - a.total,
  );
  const shown = all ? worst : worst.slice(0, shownAtFirst);
  return (
    <section>
      <h2>{t('health.integrations')}</h2>
      <Table
        label={t('health.integrations')}
        rows={shown}
        columns={integrationColumns}
        keyOf={(one) => [one.lab_integration_id, one.auth_id, one.operation].join(' ')}
      />
      <ShowAll n={worst.length} shown={shown.length} onShow={setAll} />
    </section>
  );
}

/* Asked for while it is looked at, and whenever the stream says that something changed. */
function useHealth() {
  const loaded = useLoad('health', (signal) => get<Health>('health', {}, signal));
  useEffect(() => {
    const look = (): void => {
      if (!document.hidden) loaded.reload();
    };
    const timer = setInterval(look, healthMs);
    const end = listen('health', look);
    return () => {
      clearInterval(timer);
      end();
    };
  }, []);
  return loaded;
}

export function HealthPage() {
  const lab = address.value.query['lab'] ?? '';
  const now = useHealth();
  const stats = useLoad(`stats ${lab}`, (signal) => get<Stats>('stats', { lab_id: lab }, signal));
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) stats.reload();
    }, statsMs);
    return () => {
      clearInterval(timer);
    };
  }, []);
  if (now.error !== null && !now.data) return <ProblemBox error={now.error} again={now.reload} />;
  if (!now.data) return <p role="status">{t('loading')}</p>;
  const health = now.data;
  return (
    <section>
      <h1>{t('nav.health')}</h1>
      <p class="chips">
        {Object.entries(health.stores).map(([name, up]) => (
          <span key={name} class={`chip ${up ? 'good' : 'bad'}`}>
            {up ? '●' : '▲'} {name}: {up ? t('health.up') : t('health.down')}
          </span>
        ))}
        {health.failed_tasks !== null && (
          <a class="chip" href="/failed-tasks">
            {tn('health.failed', health.failed_tasks, { n: count(health.failed_tasks) })}
          </a>
        )}
        <span class="chip quiet">{t('health.at', { time: formatTime(health.at) })}</span>
      </p>
      <Lanes
        health={health}
        stats={stats.data}
        lab={lab}
        onChange={() => {
          now.reload();
          void askHealth();
        }}
      />
      <Stuck health={health} lab={lab} />
      {stats.data && <HourChart integrations={stats.data.integrations} />}
      <Consumers health={health} />
      {stats.data && <Integrations stats={stats.data} />}
      {stats.error !== null && <ProblemBox error={stats.error} again={stats.reload} />}
    </section>
  );
}
