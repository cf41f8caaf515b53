/* The frame around every page: bar, rail, connection word. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { connection } from '../api/stream';
import { formatTime, utc, zone } from '../format/time';
import { managePath, searchLabs } from '../pages/manage/page';
import { count } from '../format/text';
import { health } from '../state/health';
import { address, go, segments } from '../state/route';
import { dialogOpen, isGoing, isTyped, lettersWanted, setGoing } from '../state/keys';
import { logOut, may, me } from '../state/session';
import { t, tn, type TextKey } from '../text/en';

import { Banners, RunStrip } from './banners';
import { Combobox } from './combobox';
import { Dialog } from './dialog';
import { Palette } from './palette';
import { SearchBox } from './search';
import { Toast } from './toast';
import { wish } from './wish';

const rail: [string, TextKey, string][] = [
  ['/webhook', 'nav.webhook', '→'],
  ['/api', 'nav.api', '←'],
  ['/errors', 'nav.errors', '▲'],
  ['/retries', 'nav.retries', '↻'],
  ['/failed-tasks', 'nav.failed-tasks', '⊘'],
  [managePath, 'nav.manage', '⚙'],
  ['/activity', 'nav.activity', '✎'],
  ['/health', 'nav.health', '♥'],
  ['/audit', 'nav.audit', '☰'],
];

function Connection() {
  const now = connection.value;
  const word =
    now.word === 'offline'
      ? t('live.offline', { time: formatTime(now.since) })
      : t(`live.${now.word}`);
  return (
    <span class={`connection ${now.word}`} role="status">
      <span aria-hidden="true">●</span> {word}
    </span>
  );
}

function LabSwitch() {
  const lab = address.value.query['lab'] ?? '';
  const [name, setName] = useState('');
  useEffect(() => {
    if (lab === '') setName('');
    else
      searchLabs(lab).then(
        (found) => {
          setName(found.find((choice) => choice.value === lab)?.label ?? lab);
        },
        () => {
          setName(lab);
        },
      );
  }, [lab]);
  return (
    <Combobox
      label={t('lab')}
      value={lab}
      shown={name}
      search={searchLabs}
      clearable
      placeholder={t('lab.all')}
      onChoose={(choice) => {
        const { path, query, fragment } = address.value;
        const next = { ...query };
        if (choice) next['lab'] = choice.value;
        else delete next['lab'];
        go({ path: path.startsWith(managePath) ? managePath : path, query: next, fragment });
      }}
    />
  );
}

const keys: [TextKey, [string, TextKey][]][] = [
  [
    'key.group.page',
    [
      ['Ctrl K', 'key.palette'],
      ['/', 'key.search'],
      ['g w · g a · g e · g m · g h', 'key.go'],
      ['u', 'key.utc'],
      ['?', 'key.help'],
    ],
  ],
  [
    'key.group.list',
    [
      ['j k ↓ ↑', 'key.move'],
      ['Enter', 'key.open'],
      ['x · Space', 'key.tick'],
      ['J K', 'key.extend'],
      ['a', 'key.all'],
      ['r', 'key.retry'],
      ['n', 'key.new'],
      ['f', 'key.follow'],
      ['≣ Menu', 'key.menu'],
    ],
  ],
  [
    'key.group.log',
    [
      ['Esc', 'key.close'],
      ['j k', 'key.walk'],
      ['1 … 6', 'key.tabs'],
      ['[ ]', 'key.attempts'],
      ['y', 'key.copy'],
      ['c', 'key.curl'],
      ['t', 'key.trace'],
      ['r', 'key.retry'],
    ],
  ],
];

function KeySheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('key.title')} onClose={onClose}>
      {keys.map(([group, lines]) => (
        <section key={group}>
          <h3>{t(group)}</h3>
          <dl class="keys">
            {lines.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{t(what)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <p class="quiet">{t('key.off')}</p>
    </Dialog>
  );
}

const goTo: Record<string, string> = {
  w: '/webhook',
  a: '/api',
  e: '/errors',
  m: managePath,
  h: '/health',
};

/* Keys of the whole page: letters only while nothing is typed, and only if they are wanted. */
function useKeys(openSheet: () => void, openPalette: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (dialogOpen()) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openPalette();
        return;
      }
      const other = isTyped(target) || event.ctrlKey || event.metaKey || event.altKey;
      if (other || !lettersWanted()) {
        setGoing(false);
        return;
      }
      const there = goTo[event.key];
      const lab = address.value.query['lab'];
      if (isGoing() && there) go(lab ? `${there}?lab=${lab}` : there);
      else if (event.key === '?') openSheet();
      else if (event.key === 'u' && target.closest('main')) wish({ utc: !utc.value });
      else {
        setGoing(event.key === 'g');
        return;
      }
      setGoing(false);
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
}

function UserMenu() {
  return (
    <details class="menu user">
      <summary>
        {me.value?.full_name || me.value?.login} <span class="quiet">({me.value?.role})</span>
      </summary>
      <div>
        <a href="/settings">{t('nav.settings')}</a>
        <button type="button" onClick={() => void logOut()}>
          {t('login.out')}
        </button>
      </div>
    </details>
  );
}

function FailedCount() {
  const n = health.value?.failed_tasks ?? 0;
  if (n === 0) return null;
  return (
    <span class="badge" title={tn('health.failed', n, { n: count(n) })}>
      {count(n)}
    </span>
  );
}

export function Frame({ title, children }: { title: string; children: ComponentChildren }) {
  const [sheet, setSheet] = useState(false);
  const [palette, setPalette] = useState(false);
  useKeys(
    () => {
      setSheet(true);
    },
    () => {
      setPalette(true);
    },
  );
  const lab = address.value.query['lab'];
  const here = `/${segments.value[0] ?? ''}`;
  const items = rail.filter(([path]) => path !== '/audit' || may('admin'));
  return (
    <>
      <a class="skip" href="#main">
        {t('skip')}
      </a>
      <header class="bar">
        <LabSwitch />
        <SearchBox />
        {may('operator') && <RunStrip />}
        <Connection />
        <button
          type="button"
          class="plain"
          aria-label={t('zone.change', { zone: zone() })}
          onClick={() => wish({ utc: !utc.value })}
        >
          {zone()}
        </button>
        <UserMenu />
      </header>
      <nav class="rail" aria-label={t('nav.title')}>
        {items.map(([path, title, icon]) => {
          const current = path === here || (here !== '/' && path.startsWith(`${here}/`));
          return (
            <a
              key={path}
              href={lab ? `${path}?lab=${lab}` : path}
              aria-current={current ? 'page' : undefined}
            >
              <span class="icon" aria-hidden="true">
                {icon}
              </span>{' '}
              {t(title)}
              {path === '/failed-tasks' && <FailedCount />}
            </a>
          );
        })}
        <div class="rail-end">
          <button
            type="button"
            class="plain"
            onClick={() => {
              setPalette(true);
            }}
          >
            {t('palette.title')} <kbd>Ctrl K</kbd>
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => {
              setSheet(true);
            }}
          >
            {t('key.title')} <kbd>?</kbd>
          </button>
        </div>
      </nav>
      <main id="main" tabIndex={-1} aria-label={title}>
        <Banners />
        {children}
      </main>
      <Toast />
      {palette && (
        <Palette
          onClose={() => {
            setPalette(false);
          }}
        />
      )}
      {sheet && (
        <KeySheet
          onClose={() => {
            setSheet(false);
          }}
        />
      )}
    </>
  );
}
