import { useEffect, useMemo, useState } from 'preact/hooks';

import { formatAddress } from '../../state/address';
import { address, go, setFilter, titleCount } from '../../state/route';
import { dialogOpen, isGoing, isTyped, lettersWanted } from '../../state/keys';
import { may, renewed } from '../../state/session';
import { defaultOf } from '../../state/views';
import { count } from '../../format/text';
import { getFile, serverNow } from '../../api/client';
import { download } from '../../format/csv';
import { ProblemBox, problemText } from '../../parts/problem';
import { copy, say } from '../../parts/toast';
import { formatTime } from '../../format/time';
import { t, tn, type TextKey } from '../../text/en';
import { LogDrawer } from '../log/drawer';
import { RetryDialog, type RetryScope } from '../retry/dialog';

import { Chips, type Names, WhatExcludes, wordsOf } from './chips';
import { columnsOf, type Tab } from './columns';
import { apiQuery, filterOf, type Filter, narrowed } from './filter';
import { ColumnChoice, FilterBar, useNames, usePartners } from './filter-bar';
import { Groups } from './groups';
import { ListModel } from './model';
import { NewRows, showInPlace } from './new-rows';
import { Sparklines } from './sparklines';
import { LogTable } from './table';
import { Views } from './views';

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

const clear = { q: '', status: '', action: '', category: '', auth: '', integration: '', kind: '' };

function Nothing({ filter, names }: { filter: Filter; names: Names }) {
  const some = narrowed(filter).length > 0 || filter.from !== 'all';
  if (!some)
    return (
      <div class="nothing">
        <h2>{t('list.empty')}</h2>
        <ul>
          <li>
            {t('list.empty.row')}{' '}
            <a href="/supportdashboard/manageIntegrations">{t('nav.manage')}</a>
          </li>
          <li>
            {t('list.empty.events')} <a href="/health">{t('nav.health')}</a>
          </li>
          {may('admin') && <li>{t('list.empty.demo')}</li>}
        </ul>
      </div>
    );
  return (
    <div class="nothing">
      <h2>{t('list.nomatch')}</h2>
      <p>
        {[...narrowed(filter).map((name) => wordsOf(filter, name, names)), spanWords(filter)].join(
          ' · ',
        )}
      </p>
      <WhatExcludes filter={filter} names={names} />
      <p class="actions">
        {narrowed(filter).length > 0 && (
          <button
            type="button"
            onClick={() => {
              setFilter(clear);
            }}
          >
            {t('filter.clear')}
          </button>
        )}
        {filter.from !== '-7d' && filter.from !== 'all' && (
          <button
            type="button"
            onClick={() => {
              setFilter({ from: '-7d', to: '' });
            }}
          >
            {t('filter.week')}
          </button>
        )}
        {filter.from !== 'all' && (
          <button
            type="button"
            onClick={() => {
              setFilter({ from: 'all', to: '' });
            }}
          >
            {t('filter.span.all')}
          </button>
        )}
      </p>
    </div>
  );
}

function spanWords(filter: Filter): string {
  const from = t(`filter.span.${filter.from}` as TextKey);
  const known = !from.startsWith('filter.');
  const words = known ? from : t('words.from', { from: formatTime(filter.from) });
  return filter.to ? `${words} ${t('words.to', { to: formatTime(filter.to) })}` : words;
}

/** What is ticked, and what can be done with it. */
function Selection(props: {
  model: ListModel;
  filter: Filter;
  names: Names;
  onRetry: (scope: RetryScope) => void;
}) {
  const { model, filter, names, onRetry } = props;
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
            onRetry(scopeOf(filter, names));
          }}
        >
          {t('retry.matching')}
        </button>
      )}
    </div>
  );
}

/* The list as a file, masked as it is on the screen. */
function Export({ filter }: { filter: Filter }) {
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const { blob, headers } = await getFile('logs.csv', apiQuery(filter));
      download(`${filter.tab}-${new Date(serverNow()).toISOString().slice(0, 10)}.csv`, blob);
      say(t(headers.has('x-capped') ? 'list.exported.capped' : 'list.exported'));
    } catch (problem) {
      say(problemText(problem));
    }
    setBusy(false);
  };
  return (
    <button type="button" class="plain" disabled={busy} onClick={() => void save()}>
      {t('list.export')}
    </button>
  );
}

/** The filter in words: what a bulk action is about to hit. */
function scopeOf(filter: Filter, names: Names): RetryScope {
  const words = [
    t(`nav.${filter.tab}`),
    ...narrowed(filter).map((name) => wordsOf(filter, name, names)),
    spanWords(filter),
  ];
  return { kind: 'filter', filter: apiQuery(filter), words };
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
  useEffect(() => {
    if (model.error.value !== null) void model.reload();
  }, [renewed.value]);
  const [follow, setFollow] = useState(false);
  const [retry, setRetry] = useState<RetryScope | null>(null);
  const [inRows, setInRows] = useState(false);
  const partners = usePartners(model.loaded.value ? filter.lab : '');
  const names = useNames(filter, partners);
  const grouped = tab === 'errors' && at.query['group'] === '1';

  useEffect(() => {
    const saved = defaultOf(tab);
    if (saved && Object.keys(at.query).length === 0)
      go({ path: at.path, query: saved, fragment: at.fragment }, 'replace');
  }, [tab]);

  const total = model.total.value;
  useEffect(() => {
    titleCount.value = total ? `${count(total.count)}${total.capped ? '+' : ''}` : '';
    return () => {
      titleCount.value = '';
    };
  }, [total]);

  const open = (id: string | null): void => {
    const path = id ? `/logs/${id}` : `/${tab}`;
    const query = { ...at.query };
    if (id) query['tab'] = tab;
    else delete query['tab'];
    go({ path, query, fragment: at.fragment });
    if (!id && openId) document.querySelector<HTMLElement>(`tr[data-log="${openId}"]`)?.focus();
  };

  /* At the end of what is loaded, the walk goes on with older rows. */
  const walk = async (step: 1 | -1): Promise<void> => {
    if (!openId) return;
    if (step === 1 && !model.neighbour(openId, 1)) await model.older();
    const next = model.neighbour(openId, step);
    if (next) open(next);
  };

  const onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || isGoing()) return;
    if (!lettersWanted() && event.key.length === 1) return;
    if (isTyped(target) || dialogOpen()) return;
    const row = target.closest('tr')?.dataset['log'] ?? openId;
    const retryable = may('operator') && tab !== 'api';
    if (event.key === 'n') showInPlace(model);
    else if (event.key === 'f') setFollow(!follow);
    else if (event.key === 'y' && row && !openId) copy(row, t('copied.log_id'));
    else if (event.key === 'r' && retryable) {
      const ids = model.ticked.value.size ? [...model.ticked.value] : row ? [row] : [];
      const only = ids.length === 1 ? model.rows.value.find((one) => one.log_id === ids[0]) : null;
      if (only)
        setRetry({
          kind: 'one',
          id: only.log_id,
          lab: only.lab_id,
          resend: only.status !== 'FAIL' && only.status !== 'QUEUED',
        });
      else if (ids.length) setRetry({ kind: 'ids', ids });
    } else if (event.key === 'a' && retryable && model.rows.value.length > 0)
      setRetry(scopeOf(filter, names));
    else if (event.key === 'Escape' && openId) open(null);
    else if ((event.key === 'j' || event.key === 'k') && openId && !target.closest('tr'))
      void walk(event.key === 'j' ? 1 : -1);
    else return;
    event.preventDefault();
  };

  const busy = inRows || openId !== null || model.ticked.value.size > 0 || retry !== null;
  const rows = model.rows.value;

  return (
    <div class={`list-page${openId ? ' with-drawer' : ''}`} onKeyDown={onKey}>
      <section aria-labelledby="list-title" class="list-main">
        <h1 id="list-title">{t(`nav.${tab}`)}</h1>
        <Sparklines lab={filter.lab} chosen={filter.integration} />
        <FilterBar tab={tab} filter={filter} model={model} partners={partners} />
        <Chips filter={filter} names={names} />
        <div class="list-tools">
          <Selection model={model} filter={filter} names={names} onRetry={setRetry} />
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
          {rows.length > 0 && <Export filter={filter} />}
          <div class="shaping">
            <ColumnChoice tab={tab} chosen={at.query['cols'] ?? ''} />
            <Views tab={tab} />
          </div>
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
            {model.newestGone.value && (
              <p class="label">
                {t('list.newest.gone', { n: count(rows.length) })}{' '}
                <button type="button" onClick={() => void model.reload()}>
                  {t('list.newest')}
                </button>
              </p>
            )}
            {rows.length > 0 && (
              <div
                class={model.loading.value ? 'refetching' : ''}
                onFocusIn={(event) => {
                  setInRows((event.target as HTMLElement).closest('tbody') !== null);
                }}
                onFocusOut={() => {
                  setInRows(false);
                }}
              >
                <LogTable
                  model={model}
                  columns={columnsOf(tab, at.query['cols'])}
                  tickable={may('operator') && tab !== 'api'}
                  openId={openId}
                  onOpen={open}
                  label={t(`nav.${tab}`)}
                />
              </div>
            )}
            {model.loaded.value && rows.length === 0 && <Nothing filter={filter} names={names} />}
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
          total={Math.max(total?.count ?? 0, rows.length)}
          more={total ? total.capped : model.cursor.value !== null}
          last={rows[rows.length - 1]?.log_id === openId && model.cursor.value === null}
          onStep={(step) => void walk(step)}
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
