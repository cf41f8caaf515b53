/* Ctrl+K: a page, a lab, a number or an action, by typing a few letters of it. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { plain } from '../format/text';
import { utc } from '../format/time';
import { readSearch } from '../pages/list/filter';
import { managePath, searchLabs } from '../pages/manage/page';
import { formatAddress } from '../state/address';
import { address, go } from '../state/route';
import { logOut, may, preferences } from '../state/session';
import { t, type TextKey } from '../text/en';

import { Dialog } from './dialog';
import { searchFor } from './search';
import { wish } from './wish';

interface Command {
  label: string;
  hint: string;
  run: () => void;
}

const pages: [TextKey, string][] = [
  ['nav.webhook', '/webhook'],
  ['nav.api', '/api'],
  ['nav.errors', '/errors'],
  ['nav.retries', '/retries'],
  ['nav.failed-tasks', '/failed-tasks'],
  ['nav.manage', managePath],
  ['nav.activity', '/activity'],
  ['nav.health', '/health'],
  ['nav.audit', '/audit'],
  ['nav.settings', '/settings'],
];

const inLab = (path: string): string => {
  const lab = address.value.query['lab'];
  return lab ? `${path}?lab=${lab}` : path;
};

/* What a number or an id can be: most likely first. */
function ofText(text: string): Command[] {
  const reading = readSearch(text);
  if (!reading) return [];
  const look: Command = {
    label: t(`search.${reading.kind}`, { value: reading.value }),
    hint: t('search.title'),
    run: () => void searchFor(text),
  };
  if (reading.kind !== 'number') return [look];
  return [
    look,
    ...(['bill', 'patient', 'order'] as const).map((kind) => ({
      label: `${t(`trace.${kind}`)} ${reading.value}`,
      hint: t('trace.title'),
      run: () => {
        go(inLab(`/trace/${kind}/${reading.value}`));
      },
    })),
  ];
}

function known(): Command[] {
  const theme = preferences.value.theme === 'dark' ? 'light' : 'dark';
  return [
    ...pages
      .filter(([, path]) => path !== '/audit' || may('admin'))
      .map(([title, path]) => ({
        label: t(title),
        hint: t('nav.title'),
        run: () => {
          go(inLab(path));
        },
      })),
    ...(preferences.value.views ?? []).map((view) => ({
      label: view.name,
      hint: t('view.title'),
      run: () => {
        go(formatAddress({ path: `/${view.tab}`, query: view.query, fragment: {} }));
      },
    })),
    {
      label: t('key.utc'),
      hint: t('actions'),
      run: () => wish({ utc: !utc.value }),
    },
    {
      label: t(`palette.theme.${theme}`),
      hint: t('actions'),
      run: () => wish({ theme }),
    },
    { label: t('login.out'), hint: t('actions'), run: () => void logOut() },
  ];
}

const labsFromLength = 2;
const labWaitMs = 150;

export function Palette({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [labs, setLabs] = useState<Command[]>([]);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    input.current?.focus();
  }, []);
  useEffect(() => {
    if (text.trim().length < labsFromLength) {
      setLabs([]);
      return undefined;
    }
    let current = true;
    const timer = setTimeout(() => {
      searchLabs(text.trim()).then(
        (found) => {
          if (!current) return;
          setLabs(
            found.slice(0, 6).map((lab) => ({
              label: lab.label,
              hint: t('words.lab', { lab: lab.value }),
              run: () => {
                const { path, query } = address.value;
                const list = /^\/(webhook|api|errors|activity|health)$/.test(path);
                go({
                  path: list ? path : '/webhook',
                  query: { ...(list ? query : {}), lab: lab.value },
                });
              },
            })),
          );
        },
        () => undefined,
      );
    }, labWaitMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const wanted = text.trim().toLowerCase();
  const fitting = known().filter((one) => one.label.toLowerCase().includes(wanted));
  const reading = readSearch(text);
  const all =
    reading && reading.kind !== 'words'
      ? [...ofText(text), ...fitting, ...labs]
      : [...fitting, ...labs, ...ofText(text)];
  const chosen = Math.min(at, all.length - 1);
  const take = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.run();
  };
  useEffect(() => {
    document.getElementById(`${id}-${String(chosen)}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <Dialog title={t('palette.title')} onClose={onClose}>
      <input
        ref={input}
        class="palette-input"
        type="text"
        role="combobox"
        aria-label={t('palette.title')}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={all.length ? `${id}-${String(chosen)}` : undefined}
        placeholder={t('palette.placeholder')}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const n = Math.max(1, all.length);
          if (event.key === 'ArrowDown') setAt((chosen + 1) % n);
          else if (event.key === 'ArrowUp') setAt((chosen + n - 1) % n);
          else if (event.key === 'Enter') take(all[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id={`${id}-list`} class="palette" role="listbox" aria-label={t('palette.title')}>
        {all.map((command, i) => (
          <li
            key={`${command.hint} ${command.label}`}
            id={`${id}-${String(i)}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => {
              take(command);
            }}
          >
            <bdi>{plain(command.label)}</bdi> <span class="quiet">{command.hint}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
