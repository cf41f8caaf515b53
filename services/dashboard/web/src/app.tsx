/* Which page an address shows. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { openStream } from './api/stream';
import { Frame } from './parts/frame';
import { LogDetail } from './pages/log/detail';
import { ListPage } from './pages/list/list-page';
import type { Tab } from './pages/list/columns';
import { LogInAgain, LogInPage } from './pages/log-in';
import { HealthPage } from './pages/health';
import { ManagePage, managePath } from './pages/manage/page';
import { RetryDialog, type RetryScope } from './pages/retry/dialog';
import { RunPage, RunsPage } from './pages/retry/runs';
import { SettingsPage } from './pages/settings';
import { ActivityPage, AuditPage, FailedTasksPage } from './pages/simple';
import { TracePage } from './pages/trace';
import { address, go, segments, titleCount } from './state/route';
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
      <Frame>{page()}</Frame>
      {standing.value === 'expired' && <LogInAgain />}
    </>
  );
}
