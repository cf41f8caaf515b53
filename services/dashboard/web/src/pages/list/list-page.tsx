import { useEffect, useMemo, useState } from 'preact/hooks';

import { formatAddress } from '../../state/address';
import { address, go, setFilter } from '../../state/route';
import { may, preferences } from '../../state/session';
import { ProblemBox } from '../../parts/problem';
import { copy } from '../../parts/toast';
import { t, tn } from '../../text/en';
import { LogDrawer } from '../log/drawer';
import { RetryDialog, type RetryScope } from '../retry/dialog';

import { columnsOf, type Tab } from './columns';
import { apiQuery, filterOf, type Filter } from './filter';
import { FilterBar } from './filter-bar';
import { Groups } from './groups';
import { ListModel } from './model';
import { NewRows, showInPlace } from './new-rows';
import { Sparklines } from './sparklines';
import { LogTable } from './table';

const skeletonAfterMs = 300;

function Skeleton() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setLate(true);
    }, skeletonAfterMs);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  if (!late) return null;
  return (
    <div class="skeleton" aria-label={t('loading')} role="status">
      {[1, 2, 3, 4, 5, 6, 7, 8].map((n) => (
        <div key={n} />
      ))}
    </div>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const narrowed =
    filter.q !== '' ||
    filter.status.length > 0 ||
    filter.action !== '' ||
    filter.category !== '' ||
    filter.lab !== '';
  return (
    <div class="nothing">
      <h2>{narrowed || filter.from !== 'all' ? t('list.nomatch') : t('list.empty')}</h2>
      {narrowed || filter.from !== 'all' ? (
        <p>
          <button
            type="button"
            onClick={() => {
              setFilter({ q: '', status: '', action: '', category: '', lab: '' });
            }}
          >
            {t('filter.clear')}
          </button>{' '}
          <button
            type="button"
            onClick={() => {
              setFilter({ from: '-7d', to: '' });
            }}
          >
            {t('filter.week')}
          </button>
        </p>
      ) : (
        <ul>
          <li>{t('list.empty.row')}</li>
          <li>{t('list.empty.events')}</li>
          <li>
            <a href="/supportdashboard/manageIntegrations">{t('nav.manage')}</a>
          </li>
        </ul>
      )}
    </div>
  );
}

/** What is ticked, and what can be done with it. */
function Selection(props: {
  model: ListModel;
  filter: Filter;
  onRetry: (scope: RetryScope) => void;
}) {
  const { model, filter, onRetry } = props;
  const n = model.ticked.value.size;
  if (!may('operator') || (n === 0 && filter.tab === 'api')) return null;
  return (
    <div class="selection">
      {n > 0 && (
        <>
          <span>{tn('list.ticked', n, { n: String(n) })}</span>
          <button
            type="button"
            class="primary"
            onClick={() => {
              onRetry({ kind: 'ids', ids: [...model.ticked.value] });
            }}
          >
            {t('retry.some')}
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => {
              model.ticked.value = new Set();
            }}
          >
            {t('list.untick')}
          </button>
        </>
      )}
      {n === 0 && filter.tab !== 'api' && model.rows.value.length > 0 && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            onRetry({ kind: 'filter', filter: apiQuery(filter), words: filterWords(filter) });
          }}
        >
          {t('retry.matching')}
        </button>
      )}
    </div>
  );
}

/** The filter in words: what a bulk action is about to hit. */
export function filterWords(filter: Filter): string[] {
  const words = [t(`nav.${filter.tab}`)];
  if (filter.lab) words.push(t('words.lab', { lab: filter.lab }));
  if (filter.status.length) words.push(filter.status.join(', '));
  if (filter.action) words.push(t('words.action', { action: filter.action }));
  if (filter.category) words.push(t('words.category', { category: filter.category }));
  words.push(t('words.from', { from: filter.from }));
  if (filter.to) words.push(t('words.to', { to: filter.to }));
  if (filter.q) words.push(t('words.q', { q: filter.q }));
  return words;
}

/* openId: the log whose drawer is open beside the list. */
export function ListPage({ tab, openId }: { tab: Tab; openId: string | null }) {
  const at = address.value;
  const filter = filterOf(tab, at);
  const key = JSON.stringify(filter);
  const model = useMemo(() => new ListModel(filter), [key]);
  useEffect(
    () => () => {
      model.close();
    },
    [model],
  );
  const [follow, setFollow] = useState(false);
  const [retry, setRetry] = useState<RetryScope | null>(null);
  const grouped = tab === 'errors' && at.query['group'] === '1';

  useEffect(() => {
    const saved = preferences.value.lists?.[tab];
    if (saved && Object.keys(at.query).length === 0)
      go({ path: at.path, query: saved, fragment: at.fragment }, 'replace');
  }, [tab]);

  const open = (id: string | null): void => {
    const path = id ? `/logs/${id}` : `/${tab}`;
    const query = { ...at.query };
    if (id) query['tab'] = tab;
    else delete query['tab'];
    go({ path, query, fragment: at.fragment });
    if (!id && openId) document.querySelector<HTMLElement>(`tr[data-log="${openId}"]`)?.focus();
  };

  const onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (preferences.value.keys === false || event.ctrlKey || event.metaKey || event.altKey) return;
    if (
      /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) &&
      (target as HTMLInputElement).type !== 'checkbox'
    )
      return;
    const row = target.closest('tr')?.dataset['log'] ?? openId;
    if (event.key === 'n') showInPlace(model);
    else if (event.key === 'f') setFollow(!follow);
    else if (event.key === 'y' && row) copy(row, t('copied.log_id'));
    else if (event.key === 'r' && may('operator') && tab !== 'api') {
      const ids = model.ticked.value.size ? [...model.ticked.value] : row ? [row] : [];
      if (ids.length) setRetry({ kind: 'ids', ids });
    } else if (event.key === 'Escape' && openId) open(null);
    else if ((event.key === 'j' || event.key === 'k') && openId && !target.closest('tr')) {
      const next = model.neighbour(openId, event.key === 'j' ? 1 : -1);
      if (next) open(next);
    } else return;
    event.preventDefault();
  };

  const busy = openId !== null || model.ticked.value.size > 0 || retry !== null;
  const rows = model.rows.value;

  return (
    <div class={`list-page${openId ? ' with-drawer' : ''}`} onKeyDown={onKey}>
      <section aria-labelledby="list-title" class="list-main">
        <h1 id="list-title">{t(`nav.${tab}`)}</h1>
        <Sparklines lab={filter.lab} />
        <FilterBar tab={tab} filter={filter} model={model} query={at.query} />
        <div class="list-tools">
          <Selection model={model} filter={filter} onRetry={setRetry} />
          {tab === 'errors' && (
            <label class="check">
              <input
                type="checkbox"
                checked={grouped}
                onChange={(event) => {
                  setFilter({ group: event.currentTarget.checked ? '1' : '' });
                }}
              />
              {t('list.group')}
            </label>
          )}
          <label class="check">
            <input
              type="checkbox"
              checked={follow}
              onChange={(event) => {
                setFollow(event.currentTarget.checked);
              }}
            />
            {follow && busy ? t('list.follow.paused') : t('list.follow')}
          </label>
        </div>
        {model.error.value !== null && (
          <ProblemBox error={model.error.value} again={() => void model.reload()} />
        )}
        {grouped ? (
          <Groups filter={filter} onRetry={setRetry} />
        ) : (
          <>
            <NewRows model={model} follow={follow} busy={busy} />
            {!model.loaded.value && model.loading.value && <Skeleton />}
            {rows.length > 0 && (
              <LogTable
                model={model}
                columns={columnsOf(tab, at.query['cols'])}
                tickable={may('operator') && tab !== 'api'}
                openId={openId}
                onOpen={open}
                label={t(`nav.${tab}`)}
              />
            )}
            {model.loaded.value && rows.length === 0 && <Nothing filter={filter} />}
            {model.cursor.value && (
              <button
                type="button"
                disabled={model.loading.value}
                onClick={() => void model.older()}
              >
                {t('list.older')}
              </button>
            )}
          </>
        )}
      </section>
      {openId && (
        <LogDrawer
          id={openId}
          position={rows.findIndex((row) => row.log_id === openId)}
          total={rows.length}
          more={model.cursor.value !== null}
          onStep={(step) => {
            const next = model.neighbour(openId, step);
            if (next) open(next);
          }}
          onClose={() => {
            open(null);
          }}
          onRetry={setRetry}
          back={formatAddress({ path: `/${tab}`, query: at.query, fragment: at.fragment })}
        />
      )}
      {retry && (
        <RetryDialog
          scope={retry}
          onClose={() => {
            setRetry(null);
          }}
        />
      )}
    </div>
  );
}
