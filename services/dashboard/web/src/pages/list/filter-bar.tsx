import { useEffect, useState } from 'preact/hooks';

import { get } from '../../api/client';
import type { ActionCategory, DeveloperAuthentication, Items } from '../../api/types';
import { count } from '../../format/text';
import { instantOf, wallTime, zone } from '../../format/time';
import { statusWord } from '../../parts/status';
import { setFilter } from '../../state/route';
import { t } from '../../text/en';

import type { Names } from './chips';
import { columns, kindWord, offered, shownAtFirst, type Tab } from './columns';
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

/** A lab's partners, for their names; asked for after the rows. */
export function usePartners(lab: string): DeveloperAuthentication[] {
  const [partners, setPartners] = useState<DeveloperAuthentication[]>([]);
  useEffect(() => {
    setPartners([]);
    if (lab === '') return undefined;
    const abort = new AbortController();
    get<Items<DeveloperAuthentication>>(
      `labs/${lab}/developer-authentications`,
      {},
      abort.signal,
    ).then(
      (found) => {
        setPartners(found.items);
      },
      () => undefined,
    );
    return () => {
      abort.abort();
    };
  }, [lab]);
  return partners;
}

/** What the filter's ids are called. */
export function useNames(filter: Filter, partners: DeveloperAuthentication[]): Names {
  const [groups, setGroups] = useState<ActionCategory[]>([]);
  useEffect(() => {
    if (filter.action || filter.category) actionCategories().then(setGroups, () => undefined);
  }, [filter.action, filter.category]);
  const names: Names = {};
  const category = groups.find((one) => String(one.id) === filter.category);
  const action = groups
    .flatMap((one) => one.actions)
    .find((one) => String(one.id) === filter.action);
  const partner = partners.find((one) => String(one.id) === filter.auth);
  if (category) names.category = t('filter.category', { name: category.name });
  if (action) names.action = action.name;
  if (partner) names.auth = partner.developer_name;
  return names;
}

function PartnerFilter({
  filter,
  partners,
}: {
  filter: Filter;
  partners: DeveloperAuthentication[];
}) {
  if (partners.length < 2 && filter.auth === '') return null;
  return (
    <label>
      {t('col.partner')}
      <select
        value={filter.auth}
        onChange={(event) => {
          setFilter({ auth: event.currentTarget.value, integration: '' });
        }}
      >
        <option value="">{t('filter.any')}</option>
        {partners.map((one) => (
          <option key={one.id} value={String(one.id)}>
            {one.developer_name || String(one.id)}
          </option>
        ))}
      </select>
    </label>
  );
}

const kinds =
  'timeout connect dns tls http_status response nack auth blocked circuit storage vendor config build'.split(
    ' ',
  );

function KindFilter({ filter }: { filter: Filter }) {
  return (
    <label>
      {t('col.error_kind')}
      <select
        value={filter.kind}
        onChange={(event) => {
          setFilter({ kind: event.currentTarget.value });
        }}
      >
        <option value="">{t('filter.any')}</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kindWord(kind)}
          </option>
        ))}
      </select>
    </label>
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

function TimeFilter({ filter }: { filter: Filter }) {
  const known = (spans as readonly string[]).includes(filter.from) && filter.to === '';
  const [own, setOwn] = useState(!known);
  useEffect(() => {
    setOwn(!known); // by whichever button, view or address
  }, [filter.from, filter.to]);
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
              value={wallTime(filter[which])}
              onChange={(event) => {
                setFilter({ [which]: instantOf(event.currentTarget.value) });
              }}
            />
          </label>
        ))}
    </>
  );
}

export function ColumnChoice({ tab, chosen }: { tab: Tab; chosen: string }) {
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

export function FilterBar(props: {
  tab: Tab;
  filter: Filter;
  model: ListModel;
  partners: DeveloperAuthentication[];
}) {
  const { tab, filter, model, partners } = props;
  return (
    <div class="filters" role="search" aria-label={t('filter.title')}>
      <StatusFilter filter={filter} model={model} />
      <ActionFilter filter={filter} />
      <PartnerFilter filter={filter} partners={partners} />
      {tab === 'errors' && <KindFilter filter={filter} />}
      <TimeFilter filter={filter} />
    </div>
  );
}
