/* The frame around every page: bar, rail, connection word. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { connection } from '../api/stream';
import { formatTime, utc, zone } from '../format/time';
import { managePath, searchLabs } from '../pages/manage/page';
import { address, go, segments } from '../state/route';
import { logOut, may, me, prefer } from '../state/session';
import { t, type TextKey } from '../text/en';

import { Combobox } from './combobox';
import { Dialog } from './dialog';
import { SearchBox } from './search';
import { Toast } from './toast';

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

const keys: [string, TextKey][] = [
  ['/', 'key.search'],
  ['j k', 'key.move'],
  ['Enter', 'key.open'],
  ['Esc', 'key.close'],
  ['x', 'key.tick'],
  ['r', 'key.retry'],
  ['n', 'key.new'],
  ['f', 'key.follow'],
  ['y', 'key.copy'],
  ['u', 'key.utc'],
  ['g w / g a / g e / g m / g h', 'key.go'],
  ['?', 'key.help'],
];

function KeySheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('key.title')} onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
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

/* Keys of the whole page: only while nothing is typed, and only if the reader wants them. */
function useKeys(openSheet: () => void): void {
  useEffect(() => {
    let afterG = false;
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (
        /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey
      )
        return;
      if (document.querySelector('dialog[open]')) return;
      const there = goTo[event.key];
      if (afterG && there) go(there);
      else if (event.key === '?') openSheet();
      else if (event.key === 'u' && target.closest('main')) void prefer({ utc: !utc.value });
      else {
        afterG = event.key === 'g';
        return;
      }
      afterG = false;
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

export function Frame({ children }: { children: ComponentChildren }) {
  const [sheet, setSheet] = useState(false);
  useKeys(() => {
    setSheet(true);
  });
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
        <Connection />
        <button
          type="button"
          class="plain"
          aria-label={t('zone.change', { zone: zone() })}
          onClick={() => void prefer({ utc: !utc.value })}
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
              <span aria-hidden="true">{icon}</span> {t(title)}
            </a>
          );
        })}
        <button
          type="button"
          class="plain"
          onClick={() => {
            setSheet(true);
          }}
        >
          {t('key.title')}
        </button>
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Toast />
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
