/* Partners' queues: what waits, what holds them up, and the hold that people put on them. */
import { useState } from 'preact/hooks';

import { post, serverNow } from '../../api/client';
import type { Health, Lane, LaneState, Stats } from '../../api/types';
import { count, plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { Dialog } from '../../parts/dialog';
import { ProblemBox, problemText } from '../../parts/problem';
import { Table, type TableColumn } from '../../parts/table';
import { say } from '../../parts/toast';
import { may } from '../../state/session';
import { t } from '../../text/en';
import { kindWord } from '../list/columns';

import { ShowAll, shownAtFirst } from './show-all';

function PauseDialog(props: { lane: string; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const [hours, setHours] = useState('1');
  const [error, setError] = useState<unknown>(null);
  const submit = (event: Event): void => {
    event.preventDefault();
    const until = hours ? new Date(serverNow() + Number(hours) * 3_600_000).toISOString() : null;
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

const figure = (n: number | undefined): string => (n === undefined ? '' : count(n));

const figures: TableColumn<LaneRow>[] = [
  {
    title: 'col.partner',
    cell: (row) => (
      <>
        <bdi>{plain(row.name) || row.lane}</bdi> <span class="quiet">{plain(row.operation)}</span>
      </>
    ),
  },
  { title: 'col.status', class: 'lane-word', cell: (row) => <LaneWord row={row} /> },
  { title: 'lane.queued', numeric: true, cell: (row) => figure(row.state?.queued) },
  { title: 'lane.in_flight', numeric: true, cell: (row) => figure(row.state?.in_flight) },
  { title: 'lane.parked', numeric: true, cell: (row) => figure(row.state?.parked) },
  {
    title: 'lane.rate',
    numeric: true,
    cell: ({ state }) =>
      state && (
        <>
          {`${String(Math.round(state.sent_per_second * 10) / 10)}/s`}
          {state.rate ? (
            <span class="quiet"> {t('lane.of', { rate: String(state.rate) })}</span>
          ) : null}
        </>
      ),
  },
  { title: 'lane.success', cell: (row) => formatTime(row.state?.last_success_at) },
];

function Hold(props: { row: LaneRow; onChange: () => void; onPause: (lane: string) => void }) {
  const { row, onChange, onPause } = props;
  if (!row.held)
    return (
      <button
        type="button"
        onClick={() => {
          onPause(row.lane);
        }}
      >
        {t('lane.pause')}
      </button>
    );
  return (
    <button
      type="button"
      onClick={() => {
        post(`lanes/${encodeURIComponent(row.lane)}/resume`).then(onChange, (problem: unknown) => {
          say(problemText(problem));
        });
      }}
    >
      {t('lane.resume')}
    </button>
  );
}

export function Lanes(props: {
  health: Health;
  stats: Stats | null;
  lab: string;
  onChange: () => void;
}) {
  const { health, stats, lab, onChange } = props;
  const [pausing, setPausing] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const every = laneRows(health, stats, lab);
  const busy = every.filter((row) => row.held || row.state).length;
  const rows = all ? every : every.slice(0, Math.max(busy, shownAtFirst));
  const columns: TableColumn<LaneRow>[] = [
    ...figures,
    {
      title: null,
      cell: (row) => may('operator') && <Hold row={row} onChange={onChange} onPause={setPausing} />,
    },
  ];
  return (
    <section>
      <h2>{t('health.lanes')}</h2>
      {rows.length === 0 ? (
        <p class="quiet">{t('health.lanes.none')}</p>
      ) : (
        <Table label={t('health.lanes')} rows={rows} columns={columns} keyOf={(row) => row.key} />
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
