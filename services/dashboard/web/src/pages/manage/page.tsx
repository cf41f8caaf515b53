/* Lab, developer, integration: each step enables the next. */
import { useEffect, useState } from 'preact/hooks';

import { get } from '../../api/client';
import type {
  ActionCategory,
  DeveloperAuthentication,
  Integration,
  Items,
  Lab,
  Stats,
} from '../../api/types';
import { count, middle, plain } from '../../format/text';
import { formatDuration, formatTime } from '../../format/time';
import { Combobox, type Choice } from '../../parts/combobox';
import { say } from '../../parts/toast';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { Table, type TableColumn } from '../../parts/table';
import { address, go } from '../../state/route';
import { may } from '../../state/session';
import { t } from '../../text/en';
import { actionCategories } from '../list/filter-bar';
import { Spark } from '../list/sparklines';

import { Editor } from './editor';
import { requestTypes } from './form';

export const managePath = '/supportdashboard/manageIntegrations';

export async function searchLabs(text: string): Promise<Choice[]> {
  const found = await get<Items<Lab>>('labs', { query: text });
  return found.items.map((lab) => ({
    value: String(lab.lab_id),
    label: lab.lab_name,
    hint: String(lab.lab_id),
  }));
}

function Day({ row, stats }: { row: Integration; stats: Stats | null }) {
  const mine = stats?.integrations.find((one) => one.lab_integration_id === row.id);
  if (!mine) return <span class="quiet">{stats ? t('manage.quiet') : ''}</span>;
  return (
    <span class="day">
      <Spark stats={mine} />
      <span class={mine.fail > 0 ? 'bad' : ''}>
        {mine.success_rate === null
          ? '–'
          : `${String(Math.round(mine.success_rate * 1000) / 10)} %`}
      </span>{' '}
      <span class="quiet">
        {count(mine.total)} · p95 {formatDuration(mine.p95_ms) || '–'}
      </span>
    </span>
  );
}

function Rows(props: {
  rows: Integration[];
  lab: string;
  at: string;
  onOpen: (id: string) => void;
}) {
  const stats = useLoad(`stats ${props.lab}`, (signal) =>
    get<Stats>('stats', { lab_id: props.lab }, signal),
  );
  const columns: TableColumn<Integration>[] = [
    {
      title: 'manage.id',
      cell: (row) => (
        <button
          type="button"
          class="plain"
          aria-label={t('manage.open', { id: String(row.id) })}
          onClick={() => {
            props.onOpen(String(row.id));
          }}
        >
          {row.id}
        </button>
      ),
    },
    { title: 'col.operation', cell: (row) => row.operation },
    { title: 'col.transport', cell: (row) => row.transport },
    {
      title: 'col.endpoint',
      class: 'mono',
      cell: (row) => `${requestTypes[row.request_type] ?? ''} ${middle(plain(row.url), 48)}`,
      full: (row) => plain(row.url),
    },
    {
      title: 'col.status',
      cell: (row) => (
        <>
          {row.is_disable ? t('manage.off') : t('manage.on')}
          {row.config_error && <span class="bad"> {t('manage.faulty')}</span>}
        </>
      ),
    },
    { title: 'manage.day', cell: (row) => <Day row={row} stats={stats.data} /> },
  ];
  return (
    <Table
      label={t('manage.rows')}
      rows={props.rows}
      columns={columns}
      keyOf={(row) => row.id}
      rowClass={(row) => (String(row.id) === props.at ? 'open' : '')}
    />
  );
}

/* /supportdashboard/manageIntegrations/{auth}/{row}?lab= */
export function ManagePage({ auth, row }: { auth: string; row: string }) {
  const lab = address.value.query['lab'] ?? '';
  const [labName, setLabName] = useState('');
  const [categories, setCategories] = useState<ActionCategory[]>([]);
  const [turn, setTurn] = useState(0);
  const [note, setNote] = useState('');
  useEffect(() => {
    actionCategories().then(setCategories, () => undefined);
  }, []);
  useEffect(() => {
    if (lab && !labName)
      searchLabs(lab).then(
        (found) => {
          setLabName(found.find((choice) => choice.value === lab)?.label ?? lab);
        },
        () => undefined,
      );
  }, [lab]);
  const auths = useLoad(lab ? `auths ${lab} ${String(turn)}` : null, (signal) =>
    get<Items<DeveloperAuthentication>>(`labs/${lab}/developer-authentications`, {}, signal),
  );
  const rows = useLoad(auth && auth !== 'new' ? `rows ${auth} ${String(turn)}` : null, (signal) =>
    get<Items<Integration>>(`developer-authentications/${auth}/integrations`, {}, signal),
  );
  const to = (a: string, r: string): void => {
    if (r !== row || a !== auth) setNote('');
    const path = [managePath, a, r].filter(Boolean).join('/');
    go({ path, query: lab ? { lab } : {}, fragment: {} });
  };
  const chosen = auths.data?.items.find((one) => String(one.id) === auth) ?? null;
  const open = rows.data?.items.find((one) => String(one.id) === row) ?? null;
  const fresh = row === 'new' || auth === 'new';
  return (
    <section class="manage">
      <h1>{t('nav.manage')}</h1>
      <div class="steps">
        <Combobox
          label={t('manage.lab')}
          value={lab}
          shown={labName}
          search={searchLabs}
          onChoose={(choice) => {
            setLabName(choice?.label ?? '');
            go({ path: managePath, query: choice ? { lab: choice.value } : {}, fragment: {} });
          }}
        />
        <label>
          {t('manage.developer')}
          <select
            value={auth}
            disabled={!auths.data}
            onChange={(event) => {
              to(event.currentTarget.value, event.currentTarget.value === 'new' ? 'new' : '');
            }}
          >
            <option value="">{t('manage.choose')}</option>
            {auths.data?.items.map((one) => (
              <option key={one.id} value={String(one.id)}>
                {one.developer_name} ({one.n_integrations})
              </option>
            ))}
            {may('admin') && <option value="new">{t('manage.new.developer')}</option>}
          </select>
        </label>
      </div>
      {auths.error !== null && <ProblemBox error={auths.error} again={auths.reload} />}
      {rows.error !== null && <ProblemBox error={rows.error} again={rows.reload} />}
      {rows.data && (
        <>
          <Rows
            rows={rows.data.items}
            lab={lab}
            at={row}
            onOpen={(id) => {
              to(auth, id);
            }}
          />
          {may('admin') && (
            <button
              type="button"
              onClick={() => {
                to(auth, 'new');
              }}
            >
              {t('manage.new.row')}
            </button>
          )}
        </>
      )}
      {note && <p class="label good">{note}</p>}
      {lab && categories.length > 0 && (chosen || auth === 'new') && (open || fresh) && (
        <Editor
          key={`${auth} ${row} ${String(open?.version ?? '')} ${String(turn)}`}
          lab={Number(lab)}
          auth={chosen}
          row={open}
          categories={categories}
          onSaved={(saved) => {
            setTurn((n) => n + 1);
            const [first] = saved?.integrations ?? [];
            if (!saved || !first) return;
            const words = t('manage.saved', {
              time: formatTime(new Date().toISOString()),
              version: String(first.version),
            });
            say(words);
            setNote(words);
            if (fresh) to(String(saved.auth_id), String(first.id));
          }}
        />
      )}
    </section>
  );
}
