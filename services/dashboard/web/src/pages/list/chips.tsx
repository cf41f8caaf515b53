/* What narrows the list, in words; each can be taken away by itself. */
import { useEffect, useState } from 'preact/hooks';

import { get } from '../../api/client';
import type { Count } from '../../api/types';
import { count, plain } from '../../format/text';
import { statusWord } from '../../parts/status';
import { setFilter } from '../../state/route';
import { t } from '../../text/en';

import { kindWord } from './columns';
import { apiQuery, type Filter, narrowed, type Narrowing, without } from './filter';

/** What ids of the filter are called, as far as the page knows. */
export type Names = Partial<Record<Narrowing, string>>;

export function wordsOf(filter: Filter, name: Narrowing, names: Names = {}): string {
  switch (name) {
    case 'lab':
      return t('words.lab', { lab: names.lab ?? filter.lab });
    case 'category':
      return names.category ?? t('words.category', { category: filter.category });
    case 'action':
      return names.action ?? t('words.action', { action: filter.action });
    case 'auth':
      return names.auth ?? t('words.partner', { partner: filter.auth });
    case 'integration':
      return t('words.integration', { integration: filter.integration });
    case 'kind':
      return kindWord(filter.kind);
    case 'status':
      return filter.status.map((word) => statusWord(word === 'SUPPRESSED' ? '' : word)).join(', ');
    case 'q':
      return t('words.q', { q: filter.q });
  }
}

/* The status has its buttons and the lab its switch: they need no chip. */
const chipped: Narrowing[] = ['category', 'action', 'auth', 'integration', 'kind', 'q'];

export function Chips({ filter, names }: { filter: Filter; names: Names }) {
  const shown = narrowed(filter).filter((name) => chipped.includes(name));
  if (shown.length === 0) return null;
  return (
    <p class="chips">
      {shown.map((name) => {
        const words = plain(wordsOf(filter, name, names));
        return (
          <button
            key={name}
            type="button"
            class="chip"
            aria-label={t('filter.remove', { words })}
            onClick={() => {
              setFilter({ [name]: '' });
            }}
          >
            <bdi>{words}</bdi> <span aria-hidden="true">✕</span>
          </button>
        );
      })}
    </p>
  );
}

const countOf = async (filter: Filter): Promise<Count> =>
  (await get<{ total: Count }>('logs/counts', apiQuery(filter))).total;

/* No row: which part of the filter is it that excludes them? */
export function WhatExcludes({ filter, names }: { filter: Filter; names: Names }) {
  const [found, setFound] = useState<[Narrowing, Count][]>([]);
  useEffect(() => {
    let current = true;
    void Promise.all(
      narrowed(filter).map(async (name): Promise<[Narrowing, Count]> => [
        name,
        await countOf(without(filter, name)),
      ]),
    ).then(
      (all) => {
        if (current)
          setFound(all.filter(([, n]) => n.count > 0).sort(([, a], [, b]) => b.count - a.count));
      },
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [JSON.stringify(filter)]);
  if (found.length === 0) return null;
  return (
    <ul class="excludes">
      {found.map(([name, n]) => (
        <li key={name}>
          <button
            type="button"
            onClick={() => {
              setFilter({ [name]: '' });
            }}
          >
            {t('filter.without', {
              words: plain(wordsOf(filter, name, names)),
              n: `${count(n.count)}${n.capped ? '+' : ''}`,
            })}
          </button>
        </li>
      ))}
    </ul>
  );
}
