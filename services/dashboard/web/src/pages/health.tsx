/* Lag, stores, paused partners, work that is stuck and why. */
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../api/client';
import { listen } from '../api/stream';
import type { Health, Lane, LaneState, Stats } from '../api/types';
import { count, plain } from '../format/text';
import { formatAge, formatDuration, formatTime } from '../format/time';
import { Dialog } from '../parts/dialog';
import { useLoad } from '../parts/load';
import { ProblemBox, problemText } from '../parts/problem';
import { say } from '../parts/toast';
import { askHealth } from '../state/health';
import { address } from '../state/route';
import { may } from '../state/session';
import { t } from '../text/en';

import { HourChart } from './hour-chart';
import { kindWord } from './list/columns';
import { Spark } from './list/sparklines';

const healthMs = 5000;
const statsMs = 60_000;
const poor = 0.95;

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

const shownAtFirst = 15;

function ShowAll(props: { n: number; shown: number; onShow: (all: boolean) => void }) {
  if (props.shown >= props.n) return null;
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        props.onShow(true);
      }}
    >
      {t('show.all', { n: count(props.n) })}
    </button>
  );
}

/* A lane's row: a partner's queue, or a partner that has nothing to do. */
interface LaneRow {
  key: string;
  lane: string;
  name: string;
  operation: string;
  state: LaneState | null;
  held: Lane | null;
}

function laneRows(health: Health, stats: Stats | null, lab: string): LaneRow[] {
  const held = new Map(health.lanes.filter((lane) => lane.paused).map((lane) => [lane.id, lane]));
  const rows: LaneRow[] = (health.lane_states ?? [])
    .filter((state) => lab === '' || String(state.lab_id) === lab)
    .map((state) => ({
      key: `s${String(state.lab_integration_id)}`,
      lane: state.id,
      name: state.developer_name,
      operation: state.operation,
      state,
      held: held.get(state.id) ?? null,
    }));
  const known = new Set(rows.map((row) => row.lane));
  const add = (lane: string, name: string): void => {
    if (known.has(lane)) return;
    known.add(lane);
    rows.push({
      key: `l${lane}`,
      lane,
      name,
      operation: '',
      state: null,
      held: held.get(lane) ?? null,
    });
  };
  for (const lane of held.values())
    if (lab === '' || lane.lab_ids.map(String).includes(lab))
      add(lane.id, lane.developer_name ?? lane.id);
  for (const one of stats?.integrations ?? [])
    if (one.lane !== null) add(one.lane, one.developer_name ?? '');
  const urgency = (row: LaneRow): number =>
    row.held ? 0 : row.state?.circuit === 'open' ? 1 : row.state ? 2 : 3;
  return rows.sort((a, b) => urgency(a) - urgency(b) || a.name.localeCompare(b.name));
}

function LaneWord({ row }: { row: LaneRow }) {
  const { held, state } = row;
  if (held)
    return (
      <>
        <span class="wait">⏸ {t('lane.paused')}</span>{' '}
        {held.until && t('banner.until', { time: formatTime(held.until) })}{' '}
        <bdi>{plain(held.reason)}</bdi> <span class="quiet">{plain(held.actor)}</span>
      </>
    );
  if (state?.circuit === 'open')
    return (
      <>
        <span class="bad">▲ {t('lane.circuit')}</span>{' '}
        {state.since && t('lane.since', { time: formatTime(state.since) })}{' '}
        <span class="quiet">{kindWord(state.error_kind)}</span>{' '}
        {state.probe_at && t('lane.probe', { time: formatTime(state.probe_at) })}
      </>
    );
  if (state?.waits_until)
    return <span class="wait">◌ {t('lane.told', { time: formatTime(state.waits_until) })}</span>;
  if (state?.spilling) return <span class="wait">◌ {t('lane.spilling')}</span>;
  return <span class="good">● {t(state ? 'lane.busy' : 'lane.open')}</span>;
}

function Lanes(props: { health: Health; stats: Stats | null; lab: string; onChange: () => void }) {
  const { health, stats, lab, onChange } = props;
  const [pausing, setPausing] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const every = laneRows(health, stats, lab);
  const busy = every.filter((row) => row.held || row.state).length;
  const rows = all ? every : every.slice(0, Math.max(busy, shownAtFirst));
  const figure = (n: number | undefined): string => (n === undefined ? '' : count(n));
  return (
    <section>
      <h2>{t('health.lanes')}</h2>
      {rows.length === 0 ? (
        <p class="quiet">{t('health.lanes.none')}</p>
      ) : (
        <div class="table-frame">
          <table aria-label={t('health.lanes')}>
            <thead>
              <tr>
                <th scope="col">{t('col.partner')}</th>
                <th scope="col">{t('col.status')}</th>
                <th scope="col" class="numeric">
                  {t('lane.queued')}
                </th>
                <th scope="col" class="numeric">
                  {t('lane.in_flight')}
                </th>
                <th scope="col" class="numeric">
                  {t('lane.parked')}
                </th>
                <th scope="col" class="numeric">
                  {t('lane.rate')}
                </th>
                <th scope="col">{t('lane.success')}</th>
                <th scope="col">
                  <span class="sr">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  <td>
                    <bdi>{plain(row.name) || row.lane}</bdi>{' '}
                    <span class="quiet">{plain(row.operation)}</span>
                  </td>
                  <td class="lane-word">
                    <LaneWord row={row} />
                  </td>
                  <td class="numeric">{figure(row.state?.queued)}</td>
                  <td class="numeric">{figure(row.state?.in_flight)}</td>
                  <td class="numeric">{figure(row.state?.parked)}</td>
                  <td class="numeric">
                    {row.state && `${String(Math.round(row.state.sent_per_second * 10) / 10)}/s`}
                    {row.state?.rate ? (
                      <span class="quiet"> {t('lane.of', { rate: String(row.state.rate) })}</span>
                    ) : null}
                  </td>
                  <td>{formatTime(row.state?.last_success_at)}</td>
                  <td>
                    {may('operator') &&
                      (row.held ? (
                        <button
                          type="button"
                          onClick={() => {
                            post(`lanes/${encodeURIComponent(row.lane)}/resume`).then(
                              onChange,
                              (problem: unknown) => {
                                say(problemText(problem));
                              },
                            );
                          }}
                        >
                          {t('lane.resume')}
                        </button>
                      ) : (
                        <button
                          type="button"
                          onClick={() => {
                            setPausing(row.lane);
                          }}
                        >
                          {t('lane.pause')}
                        </button>
                      ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ShowAll n={every.length} shown={rows.length} onShow={setAll} />
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

function Consumers({ health }: { health: Health }) {
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
          {health.consumers.map((consumer) => (
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

function Stuck({ health, lab }: { health: Health; lab: string }) {
  const { stuck } = health;
  const items = stuck.items.filter((row) => lab === '' || String(row.lab_id) === lab);
  return (
    <section>
      <h2>
        {t('health.stuck', { n: `${count(stuck.count.count)}${stuck.count.capped ? '+' : ''}` })}
      </h2>
      {items.length === 0 ? (
        <p class="quiet">{t('health.stuck.none')}</p>
      ) : (
        <div class="table-frame">
          <table aria-label={t('health.stuck.title')}>
            <thead>
              <tr>
                <th scope="col">{t('col.log_id')}</th>
                <th scope="col">{t('col.operation')}</th>
                <th scope="col">{t('col.partner')}</th>
                <th scope="col">{t('col.age')}</th>
                <th scope="col">{t('health.why')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <tr key={row.log_id}>
                  <td>
                    <a href={`/logs/${row.log_id}`} class="mono">
                      {row.log_id}
                    </a>
                  </td>
                  <td>
                    <bdi>{plain(row.operation)}</bdi>
                  </td>
                  <td>
                    <bdi>{plain(row.developer_name)}</bdi>
                  </td>
                  <td title={formatTime(row.inserted_at)}>{formatAge(row.inserted_at)}</td>
                  <td class="why">{plain(row.why_text)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Integrations({ stats }: { stats: Stats }) {
  const [all, setAll] = useState(false);
  const worst = [...stats.integrations].sort(
    (a, b) => (a.success_rate ?? 1) - (b.success_rate ?? 1) || b.total - a.total,
  );
  const shown = all ? worst : worst.slice(0, shownAtFirst);
  return (
    <section>
      <h2>{t('health.integrations')}</h2>
      <div class="table-frame">
        <table aria-label={t('health.integrations')}>
          <thead>
            <tr>
              <th scope="col">{t('col.partner')}</th>
              <th scope="col">{t('col.operation')}</th>
              <th scope="col">{t('chart.title')}</th>
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
            {shown.map((one) => (
              <tr
                key={`${String(one.lab_integration_id)} ${String(one.auth_id)} ${String(one.operation)}`}
              >
                <td>
                  <bdi>{plain(one.developer_name)}</bdi>
                </td>
                <td>
                  {one.lab_integration_id === null ? (
                    plain(one.operation)
                  ) : (
                    <a
                      href={`/webhook?lab=${String(one.lab_id)}&integration=${String(one.lab_integration_id)}`}
                    >
                      {plain(one.operation)}
                    </a>
                  )}
                </td>
                <td>
                  <Spark stats={one} />
                </td>
                <td class={`numeric${(one.success_rate ?? 1) < poor ? ' bad' : ''}`}>
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
            {t('health.failed', { n: count(health.failed_tasks) })}
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
