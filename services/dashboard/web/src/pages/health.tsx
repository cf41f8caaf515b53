/* Lag, stores, paused partners, work that is stuck and why. */
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../api/client';
import type { Items, Lane, Stats } from '../api/types';
import { count, plain } from '../format/text';
import { formatAge, formatDuration, formatTime } from '../format/time';
import { Dialog } from '../parts/dialog';
import { useLoad } from '../parts/load';
import { ProblemBox } from '../parts/problem';
import { address } from '../state/route';
import { may } from '../state/session';
import { t } from '../text/en';

import { HourChart } from './hour-chart';

const refreshMs = 15_000;

function PauseDialog(props: { lane: string; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const [hours, setHours] = useState('1');
  const [error, setError] = useState<unknown>(null);
  const submit = (event: Event): void => {
    event.preventDefault();
    const until = hours ? new Date(Date.now() + Number(hours) * 3_600_000).toISOString() : null;
    post(`lanes/${encodeURIComponent(props.lane)}/pause`, { reason, until }).then(
      props.onDone,
      setError,
    );
  };
  return (
    <Dialog title={t('lane.pause')} onClose={props.onClose}>
      <form onSubmit={submit}>
        <p>{t('lane.explain')}</p>
        <label>
          {t('reason')}
          <input
            type="text"
            required
            maxLength={200}
            value={reason}
            onInput={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
        </label>
        <label>
          {t('lane.hours')}
          <input
            type="number"
            min={1}
            max={168}
            value={hours}
            onInput={(event) => {
              setHours(event.currentTarget.value);
            }}
          />
        </label>
        {error !== null && <ProblemBox error={error} />}
        <button type="submit" class="primary">
          {t('lane.pause')}
        </button>
      </form>
    </Dialog>
  );
}

function Lanes({ stats, onChange }: { stats: Stats; onChange: () => void }) {
  const [pausing, setPausing] = useState<string | null>(null);
  const lanes = useLoad(`lanes ${stats.health.at}`, (signal) =>
    get<Items<Lane>>('lanes', {}, signal),
  );
  const paused = lanes.data?.items ?? stats.health.lanes;
  const partners = new Map(
    stats.integrations
      .filter((one) => one.auth_id !== null)
      .map((one) => [String(one.auth_id), one.developer_name]),
  );
  return (
    <section>
      <h2>{t('health.lanes')}</h2>
      <table aria-label={t('health.lanes')}>
        <thead>
          <tr>
            <th scope="col">{t('col.partner')}</th>
            <th scope="col">{t('col.status')}</th>
            <th scope="col">{t('reason')}</th>
            <th scope="col">{t('lane.until')}</th>
            <th scope="col">{t('actions')}</th>
          </tr>
        </thead>
        <tbody>
          {paused
            .filter((lane) => lane.paused)
            .map((lane) => (
              <tr key={lane.id}>
                <td>
                  <bdi>{plain(lane.developer_name) || lane.id}</bdi>
                </td>
                <td>{t('lane.paused')}</td>
                <td>
                  <bdi>{plain(lane.reason)}</bdi> <span class="quiet">{plain(lane.actor)}</span>
                </td>
                <td>{formatTime(lane.until)}</td>
                <td>
                  {may('operator') && (
                    <button
                      type="button"
                      onClick={() => {
                        void post(`lanes/${encodeURIComponent(lane.id)}/resume`).then(onChange);
                      }}
                    >
                      {t('lane.resume')}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          {[...partners]
            .filter(([id]) => !paused.some((lane) => lane.paused && lane.id === id))
            .map(([id, name]) => (
              <tr key={id}>
                <td>
                  <bdi>{plain(name)}</bdi>
                </td>
                <td>{t('lane.open')}</td>
                <td />
                <td />
                <td>
                  {may('operator') && (
                    <button
                      type="button"
                      onClick={() => {
                        setPausing(id);
                      }}
                    >
                      {t('lane.pause')}
                    </button>
                  )}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      {pausing && (
        <PauseDialog
          lane={pausing}
          onClose={() => {
            setPausing(null);
          }}
          onDone={() => {
            setPausing(null);
            onChange();
          }}
        />
      )}
    </section>
  );
}

function Consumers({ stats }: { stats: Stats }) {
  return (
    <section>
      <h2>{t('health.lag')}</h2>
      <table aria-label={t('health.lag')}>
        <thead>
          <tr>
            <th scope="col">{t('health.group')}</th>
            <th scope="col">{t('health.topic')}</th>
            <th scope="col" class="numeric">
              {t('health.waiting')}
            </th>
          </tr>
        </thead>
        <tbody>
          {stats.health.consumers.map((consumer) => (
            <tr key={`${consumer.group} ${consumer.topic}`}>
              <td>{consumer.group}</td>
              <td class="mono">{consumer.topic}</td>
              <td class="numeric">{consumer.lag === null ? t('unknown') : count(consumer.lag)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Stuck({ stats }: { stats: Stats }) {
  const { stuck } = stats.health;
  return (
    <section>
      <h2>
        {t('health.stuck', { n: `${count(stuck.count.count)}${stuck.count.capped ? '+' : ''}` })}
      </h2>
      {stuck.items.length === 0 ? (
        <p class="quiet">{t('health.stuck.none')}</p>
      ) : (
        <ul>
          {stuck.items.map((row) => (
            <li key={row.log_id}>
              <a href={`/logs/${row.log_id}`} class="mono">
                {row.log_id}
              </a>{' '}
              {plain(row.operation)} → <bdi>{plain(row.developer_name)}</bdi>{' '}
              <span class="quiet">{formatAge(row.inserted_at)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function HealthPage() {
  const lab = address.value.query['lab'] ?? '';
  const stats = useLoad(`health ${lab}`, (signal) => get<Stats>('stats', { lab_id: lab }, signal));
  useEffect(() => {
    const timer = setInterval(stats.reload, refreshMs);
    return () => {
      clearInterval(timer);
    };
  }, []);
  if (stats.error !== null && !stats.data)
    return <ProblemBox error={stats.error} again={stats.reload} />;
  if (!stats.data) return <p role="status">{t('loading')}</p>;
  const { health } = stats.data;
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
            {t('health.failed', { n: count(health.failed_tasks) })}
          </a>
        )}
      </p>
      <HourChart integrations={stats.data.integrations} />
      <Consumers stats={stats.data} />
      <Stuck stats={stats.data} />
      <Lanes stats={stats.data} onChange={stats.reload} />
      <section>
        <h2>{t('health.integrations')}</h2>
        <div class="table-frame">
          <table aria-label={t('health.integrations')}>
            <thead>
              <tr>
                <th scope="col">{t('col.partner')}</th>
                <th scope="col">{t('col.operation')}</th>
                <th scope="col" class="numeric">
                  {t('health.rate')}
                </th>
                <th scope="col" class="numeric">
                  p95
                </th>
                <th scope="col" class="numeric">
                  {t('health.total')}
                </th>
              </tr>
            </thead>
            <tbody>
              {stats.data.integrations.map((one) => (
                <tr
                  key={`${String(one.lab_integration_id)} ${String(one.auth_id)} ${String(one.operation)}`}
                >
                  <td>
                    <bdi>{plain(one.developer_name)}</bdi>
                  </td>
                  <td>{plain(one.operation)}</td>
                  <td class="numeric">
                    {one.success_rate === null
                      ? ''
                      : `${String(Math.round(one.success_rate * 1000) / 10)} %`}
                  </td>
                  <td class="numeric">{formatDuration(one.p95_ms)}</td>
                  <td class="numeric">{count(one.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </section>
  );
}
