/* Which page an address shows. */
import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks';

import { openStream } from './api/stream';
import { Frame } from './parts/frame';
import { LogDetail } from './pages/log/detail';
import { ListPage } from './pages/list/list-page';
import type { Tab } from './pages/list/columns';
import { LogInAgain, LogInPage } from './pages/log-in';
import { HealthPage } from './pages/health/page';
import { ManagePage, managePath } from './pages/manage/page';
import { RetryDialog, type RetryScope } from './pages/retry/dialog';
import { RunPage, RunsPage } from './pages/retry/runs';
import { SettingsPage } from './pages/settings';
import { ActivityPage } from './pages/activity';
import { AuditPage } from './pages/audit';
import { FailedTasksPage } from './pages/failed-tasks';
import { TracePage } from './pages/trace';
import { address, go, movedBy, segments, titleCount } from './state/route';
import { enter, standing } from './state/session';
import { t, type TextKey } from './text/en';

const tabs = ['webhook', 'api', 'errors'];

/* A log by itself: its address was opened, not a row of a list. */
function LogPage({ id }: { id: string }) {
  const [retry, setRetry] = useState<RetryScope | null>(null);
  return (
    <>
      <h1 class="sr">{t('log.one')}</h1>
      <LogDetail key={id} id={id} onRetry={setRetry} />
      {retry && (
        <RetryDialog
          scope={retry}
          onClose={() => {
            setRetry(null);
          }}
        />
      )}
    </>
  );
}

function page(): ComponentChildren {
  const [first = 'webhook', second = '', third = '', fourth = ''] = segments.value;
  if (tabs.includes(first)) return <ListPage key={first} tab={first as Tab} openId={null} />;
  if (first === 'logs' && second) {
    const tab = address.value.query['tab'] ?? '';
    return tabs.includes(tab) ? (
      <ListPage key={tab} tab={tab as Tab} openId={second} />
    ) : (
      <LogPage id={second} />
    );
  }
  if (first === 'trace' && third) return <TracePage kind={second} id={third} />;
  if (first === 'retries') return second ? <RunPage key={second} id={second} /> : <RunsPage />;
  if (first === 'failed-tasks') return <FailedTasksPage />;
  if (first === 'supportdashboard') return <ManagePage auth={third} row={fourth} />;
  if (first === 'activity') return <ActivityPage />;
  if (first === 'health') return <HealthPage />;
  if (first === 'audit') return <AuditPage />;
  if (first === 'settings') return <SettingsPage />;
  return (
    <section>
      <h1>{t('missing.title')}</h1>
      <p>
        <a href="/webhook">{t('nav.webhook')}</a>
      </p>
    </section>
  );
}

const titles: Record<string, TextKey> = {
  webhook: 'nav.webhook',
  api: 'nav.api',
  errors: 'nav.errors',
  logs: 'log.one',
  trace: 'trace.title',
  retries: 'nav.retries',
  'failed-tasks': 'nav.failed-tasks',
  supportdashboard: 'nav.manage',
  activity: 'nav.activity',
  health: 'nav.health',
  audit: 'nav.audit',
  settings: 'nav.settings',
};

/* What is one page for who reads: a log beside its list, the rows of one partner. */
function pageKey(): string {
  const [first = ''] = segments.value;
  const tab = address.value.query['tab'] ?? '';
  if (first === 'logs' && tabs.includes(tab)) return tab;
  if (tabs.includes(first)) return first;
  return first === 'supportdashboard' ? first : address.value.path;
}

/* A fault of one page is said there, and leaves the others. */
function Shown() {
  const [fault, again] = useErrorBoundary();
  if (fault === undefined) return <>{page()}</>;
  return (
    <section class="notice notice-bad" role="alert">
      <h1>{t('fault.title')}</h1>
      <p>{t('fault.text')}</p>
      <div class="actions">
        <button type="button" class="primary" onClick={again}>
          {t('again')}
        </button>
        <button
          type="button"
          onClick={() => {
            location.reload();
          }}
        >
          {t('stale.reload')}
        </button>
      </div>
    </section>
  );
}

/* Another page is read from its beginning: by eye, by keyboard, by screen reader. */
function useArrival(key: string): void {
  const before = useRef('');
  useEffect(() => {
    if (before.current !== '' && before.current !== '/') {
      document.getElementById('main')?.focus({ preventScroll: true });
      if (movedBy() === 'push') window.scrollTo(0, 0);
    }
    before.current = key;
  }, [key]);
}

/* Links of this app move without a load. */
function onClick(event: MouseEvent): void {
  const link = (event.target as HTMLElement).closest('a');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || link.hasAttribute('download') || link.target) return;
  if (url.pathname === location.pathname && url.hash && !url.hash.includes('=')) return;
  event.preventDefault();
  go(url.pathname + url.search + url.hash);
}

export function App() {
  useEffect(() => {
    void enter();
    document.addEventListener('click', onClick);
  }, []);
  const first = segments.value[0] ?? '';
  useEffect(() => {
    if (first === '') go('/webhook', 'replace');
    else if (address.value.path === '/supportdashboard') go(managePath, 'replace');
    const lab = address.value.query['lab'];
    const title = t(titles[first] ?? 'app.title');
    document.title = [
      titleCount.value ? `${title} (${titleCount.value})` : title,
      lab && t('words.lab', { lab }),
    ]
      .filter(Boolean)
      .join(' – ');
  }, [address.value, titleCount.value]);
  const key = pageKey();
  useArrival(key);
  useEffect(() => {
    if (standing.value === 'in') openStream();
  }, [standing.value]);
  if (standing.value === 'start') return null;
  if (standing.value === 'out') return <LogInPage />;
  if (standing.value === 'unreachable')
    return (
      <main class="log-in-page">
        <h1>{t('app.title')}</h1>
        <p role="alert">{t('problem.offline')}</p>
        <button type="button" onClick={() => void enter()}>
          {t('again')}
        </button>
      </main>
    );
  return (
    <>
      <Frame title={t(titles[first] ?? 'app.title')}>
        <Shown key={key} />
      </Frame>
      {standing.value === 'expired' && <LogInAgain />}
    </>
  );
}
