import { useEffect, useState } from 'preact/hooks';

import { get } from '../../api/client';
import type { ActionCategory, Items } from '../../api/types';
import { count } from '../../format/text';
import { zone } from '../../format/time';
import { statusWord } from '../../parts/status';
import { say } from '../../parts/toast';
import { prefer, preferences } from '../../state/session';
import { setFilter } from '../../state/route';
import { t } from '../../text/en';

import { offered, shownAtFirst, type Tab, columns } from './columns';
import { statuses, usualFrom, type Filter } from './filter';
import type { ListModel } from './model';

let categories: Promise<ActionCategory[]> | undefined;

/** The inventory of actions: asked for once. */
export function actionCategories(): Promise<ActionCategory[]> {
  categories ??= get<Items<ActionCategory>>('action-categories').then((answer) => answer.items);
  categories.catch(() => (categories = undefined));
  return categories;
}

const spans = ['-1h', '-24h', '-7d', '-30d', 'all'] as const;

function StatusFilter({ filter, model }: { filter: Filter; model: ListModel }) {
  const counts = model.counts.value;
  const words = filter.tab === 'errors' ? (['FAIL', 'QUEUED'] as const) : statuses;
  const toggle = (word: string): void => {
    const next = filter.status.includes(word)
      ? filter.status.filter((one) => one !== word)
      : [...filter.status, word];
    setFilter({ status: next.join(',') });
  };
  return (
    <div class="status-filter" role="group" aria-label={t('filter.status')}>
      {words.map((word) => {
        const n = counts?.[word];
        return (
          <button
            key={word}
            type="button"
            aria-pressed={filter.status.includes(word)}
            class={`status-${word.toLowerCase()}`}
            onClick={() => {
              toggle(word);
            }}
          >
            {statusWord(word === 'SUPPRESSED' ? '' : word)}
            {n && <span class="n">{`${count(n.count)}${n.capped ? '+' : ''}`}</span>}
          </button>
        );
      })}
    </div>
  );
}

function ActionFilter({ filter }: { filter: Filter }) {
  const [groups, setGroups] = useState<ActionCategory[]>([]);
  useEffect(() => {
    actionCategories().then(setGroups, () => undefined);
  }, []);
  return (
    <label>
      {t('filter.action')}
      <select
        value={filter.action ? `a${filter.action}` : filter.category ? `c${filter.category}` : ''}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setFilter({
            action: chosen.startsWith('a') ? chosen.slice(1) : '',
            category: chosen.startsWith('c') ? chosen.slice(1) : '',
          });
        }}
      >
        <option value="">{t('filter.any')}</option>
        {groups.map((group) => (
          <optgroup key={group.id} label={group.name}>
            <option value={`c${String(group.id)}`}>
              {t('filter.category', { name: group.name })}
            </option>
            {group.actions.map((action) => (
              <option key={action.id} value={`a${String(action.id)}`}>
                {action.id} · {action.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function local(iso: string): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return '';
  const shift = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - shift).toISOString().slice(0, 16);
}

function TimeFilter({ filter }: { filter: Filter }) {
  const known = (spans as readonly string[]).includes(filter.from) && filter.to === '';
  const [own, setOwn] = useState(!known);
  return (
    <>
      <label>
        {t('filter.time')}
        <select
          value={own ? 'own' : filter.from}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            setOwn(chosen === 'own');
            if (chosen !== 'own') setFilter({ from: chosen === usualFrom ? '' : chosen, to: '' });
          }}
        >
          {spans.map((span) => (
            <option key={span} value={span}>
              {t(`filter.span.${span}`)}
            </option>
          ))}
          <option value="own">{t('filter.span.own')}</option>
        </select>
      </label>
      {own &&
        (['from', 'to'] as const).map((which) => (
          <label key={which}>
            {t(`filter.${which}`)} <span class="quiet">({zone()})</span>
            <input
              type="datetime-local"
              value={local(filter[which])}
              onChange={(event) => {
                const value = event.currentTarget.value;
                setFilter({ [which]: value ? new Date(value).toISOString() : '' });
              }}
            />
          </label>
        ))}
    </>
  );
}

function ColumnChoice({ tab, chosen }: { tab: Tab; chosen: string }) {
  const now = chosen ? chosen.split(',') : shownAtFirst[tab];
  return (
    <details class="menu">
      <summary>{t('list.columns')}</summary>
      <fieldset>
        <legend class="sr">{t('list.columns')}</legend>
        {[...new Set(offered[tab])].map((name) => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={now.includes(name)}
              onChange={(event) => {
                const next = event.currentTarget.checked
                  ? [...now, name]
                  : now.filter((one) => one !== name);
                setFilter({ cols: next.join(',') }, 'replace');
              }}
            />
            {t(columns.get(name)?.title ?? 'col.status')}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

/** Saves what the address says as this person's start of the tab. */
function SaveDefault({ tab, query }: { tab: Tab; query: Record<string, string> }) {
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        const lists = { ...preferences.value.lists, [tab]: query };
        prefer({ lists }).then(
          () => {
            say(t('list.saved'));
          },
          () => undefined,
        );
      }}
    >
      {t('list.save')}
    </button>
  );
}

export function FilterBar(props: {
  tab: Tab;
  filter: Filter;
  model: ListModel;
  query: Record<string, string>;
}) {
  const { tab, filter, model, query } = props;
  return (
    <div class="filters" role="search" aria-label={t('filter.title')}>
      <StatusFilter filter={filter} model={model} />
      <ActionFilter filter={filter} />
      <TimeFilter filter={filter} />
      <ColumnChoice tab={tab} chosen={query['cols'] ?? ''} />
      <SaveDefault tab={tab} query={query} />
    </div>
  );
}
