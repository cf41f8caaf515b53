/* The box that finds one order in a million: it says how it read what was typed. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { get } from '../api/client';
import type { LogRow, Page } from '../api/types';
import { readSearch } from '../pages/list/filter';
import { dialogOpen, isTyped, lettersWanted } from '../state/keys';
import { address, go, segments } from '../state/route';
import { t } from '../text/en';

import { problemText } from './problem';
import { say } from './toast';

const tabs = ['webhook', 'api', 'errors'];

async function open(text: string, lab: string): Promise<void> {
  const reading = readSearch(text);
  if (!reading) return;
  if (reading.kind === 'log') {
    go({ path: `/logs/${reading.value}`, query: {}, fragment: {} });
    return;
  }
  // A number is looked up over all time; words within the usual span.
  const from = reading.kind === 'number' ? 'all' : '';
  const tab = tabs.find((name) => name === segments.value[0]) ?? 'webhook';
  if (reading.kind === 'number') {
    const found = await get<Page<LogRow>>('logs', { tab, q: reading.value, lab_id: lab, limit: 2 });
    const only = found.items[0];
    if (found.items.length === 1 && only) {
      go({ path: `/logs/${only.log_id}`, query: {}, fragment: {} });
      return;
    }
  }
  go({
    path: `/${tab}`,
    query: { ...(lab ? { lab } : {}), ...(from ? { from } : {}) },
    fragment: { q: reading.value },
  });
}

/** Goes where what was typed leads: an exact hit opens its log. What goes wrong is said. */
export async function searchFor(text: string): Promise<void> {
  try {
    await open(text, address.value.query['lab'] ?? '');
  } catch (problem) {
    say(problemText(problem));
  }
}

export function SearchBox() {
  const [text, setText] = useState(address.value.fragment['q'] ?? '');
  const [busy, setBusy] = useState(false);
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    setText(address.value.fragment['q'] ?? '');
  }, [address.value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || dialogOpen()) return;
      if (!event.altKey && (isTyped(event.target) || !lettersWanted())) return;
      event.preventDefault();
      ref.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
  const reading = readSearch(text);
  return (
    <form
      class="search"
      role="search"
      aria-label={t('search.title')}
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        void searchFor(text).then(() => {
          setBusy(false);
        });
      }}
    >
      <input
        ref={ref}
        type="search"
        aria-label={t('search.title')}
        aria-describedby="search-reading"
        placeholder={t('search.placeholder')}
        autocomplete="off"
        spellcheck={false}
        aria-busy={busy}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          if (event.currentTarget.value === '' && address.value.fragment['q']) {
            const { path, query } = address.value;
            go({ path, query, fragment: {} }, 'replace');
          }
        }}
      />
      <span id="search-reading" class="quiet">
        {reading ? t(`search.${reading.kind}`, { value: reading.value }) : ''}
      </span>
    </form>
  );
}
