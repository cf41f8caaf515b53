/* One log: header, actions, and its parts in tabs. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { get, serverNow } from '../../api/client';
import { listen } from '../../api/stream';
import type { Items, Log, LogRow, Retry } from '../../api/types';
import { HeaderTable } from '../../body/headers';
import { BodyView } from '../../body/view';
import { plain } from '../../format/text';
import { formatDuration, formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { RevealDialog, useRevealed } from '../../parts/reveal';
import { StatusMark } from '../../parts/status';
import { Tabs } from '../../parts/tabs';
import { copy } from '../../parts/toast';
import { address, go } from '../../state/route';
import { dialogOpen, isGoing, isTyped, lettersWanted } from '../../state/keys';
import { may, me } from '../../state/session';
import { t, type TextKey } from '../../text/en';
import { kindWord } from '../list/columns';
import type { RetryScope } from '../retry/dialog';

import { Attempts } from './attempts';
import { LogAudit } from './audit';
import { asCurl, methods } from './curl';
import { Hint } from './hint';
import { retriesWithRevealed, reveal, type Revealed, withRevealed } from './reveal';
import { Story } from './story';

interface Loaded {
  log: Log;
  retries: Retry[];
}

async function load(id: string, signal: AbortSignal): Promise<Loaded> {
  const [log, retries] = await Promise.all([
    get<Log>(`logs/${id}`, {}, signal),
    get<Items<Retry>>(`logs/${id}/retries`, {}, signal),
  ]);
  return { log, retries: retries.items };
}

const scopeOf = (log: Log): RetryScope => ({
  kind: 'one',
  id: log.log_id,
  lab: log.lab_id,
  resend: log.status !== 'FAIL' && log.status !== 'QUEUED',
});

const tracePath = (log: Log): string =>
  `/trace/bill/${String(log.bill_id)}?lab=${String(log.lab_id)}`;

const copyCurl = (log: Log): void => {
  copy(asCurl(log), t('copied.curl'));
};
const copyId = (log: Log): void => {
  copy(log.log_id, t('copied.log_id'));
};

function Actions({ log, onRetry }: { log: Log; onRetry: (scope: RetryScope) => void }) {
  const open = log.status === 'FAIL' || log.status === 'QUEUED';
  return (
    <div class="actions">
      {may('operator') && log.integration_type !== 'API' && (
        <button
          type="button"
          class="primary"
          onClick={() => {
            onRetry(scopeOf(log));
          }}
        >
          {open ? t('retry.one') : t('retry.resend')}
        </button>
      )}
      <button
        type="button"
        disabled={!log.end_point}
        onClick={() => {
          copyCurl(log);
        }}
      >
        {t('copy.curl')}
      </button>
      <button
        type="button"
        onClick={() => {
          copyId(log);
        }}
      >
        {t('copy.log_id')}
      </button>
      {log.bill_id && (
        <a class="button" href={tracePath(log)}>
          {t('trace.open')}
        </a>
      )}
      <button
        type="button"
        onClick={() => {
          copy(`${location.origin}/logs/${log.log_id}`, t('copied'));
        }}
      >
        {t('copy.link')}
      </button>
      <button
        type="button"
        onClick={() => {
          window.print();
        }}
      >
        {t('print')}
      </button>
    </div>
  );
}

function Masked(props: {
  log: Log;
  revealed: Revealed | null;
  onReveal: () => void;
  onHide: () => void;
}) {
  const { log, revealed, onReveal, onHide } = props;
  if (revealed)
    return (
      <p class="label">
        {t('reveal.until', { time: formatTime(revealed.revealed_until) })}{' '}
        <button type="button" onClick={onHide}>
          {t('reveal.hide')}
        </button>
      </p>
    );
  if (log.masked.length === 0) return null;
  return (
    <p class="label">
      {t('masked')}{' '}
      {may('operator') && (
        <button type="button" onClick={onReveal}>
          {t('reveal.open')}
        </button>
      )}
    </p>
  );
}

/* Letters of a log: while the page has the focus, nothing is typed, and they are wanted. */
function useLogKeys(take: (key: string) => boolean): void {
  const fn = useRef(take);
  fn.current = take;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isGoing() || isTyped(target) || !target.closest('main')) return;
      if (!lettersWanted() || dialogOpen()) return;
      if (fn.current(event.key)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
}

export function LogDetail({ id, onRetry }: { id: string; onRetry: (scope: RetryScope) => void }) {
  const loaded = useLoad(id, (signal) => load(id, signal));
  const [revealed, setRevealed] = useRevealed<Revealed>(id);
  const [asking, setAsking] = useState(false);
  const [step, setStep] = useState({ by: 0, n: 0 });
  const tab = address.value.query['part'] ?? 'story';
  const setTab = (name: string): void => {
    const { path, query, fragment } = address.value;
    const rest = { ...query };
    delete rest['part'];
    go({ path, query: name === 'story' ? rest : { ...rest, part: name }, fragment }, 'replace');
  };

  useEffect(
    () =>
      listen('log', (data) => {
        if ((data as LogRow).log_id === id) loaded.reload();
      }),
    [id],
  );

  const log = loaded.data && withRevealed(loaded.data.log, revealed);
  const parts = ['story', 'request', 'response', 'headers', 'attempts'];
  if (may('admin')) parts.push('audit');
  useLogKeys((key) => {
    const part = parts[Number(key) - 1];
    /* a part may be chosen while the log is on its way */
    if (part) setTab(part);
    else if (!log) return false;
    else if (key === '[' || key === ']') {
      setTab('attempts');
      setStep((now) => ({ by: key === '[' ? -1 : 1, n: now.n + 1 }));
    } else if (key === 'y') copyId(log);
    else if (key === 'c' && log.end_point) copyCurl(log);
    else if (key === 't' && log.bill_id) go(tracePath(log));
    else if (key === 'r' && may('operator') && log.integration_type !== 'API')
      onRetry(scopeOf(log));
    else return false;
    return true;
  });

  if (loaded.error !== null && !loaded.data)
    return <ProblemBox error={loaded.error} again={loaded.reload} />;
  if (!loaded.data || !log) return <p role="status">{t('loading')}</p>;
  const retries = retriesWithRevealed(loaded.data.retries, revealed);
  const hidden = log.masked.length > 0 && !revealed;
  const views: Record<string, () => ComponentChildren> = {
    story: () => (
      <>
        <Hint
          log={log}
          onRetry={() => {
            onRetry(scopeOf(log));
          }}
          onPart={setTab}
        />
        <Story log={log} retries={retries} />
      </>
    ),
    request: () => (
      <>
        <p class="mono wrap">
          {[
            plain(log.method) || (log.transport === 'http' ? methods[log.request_type ?? -1] : ''),
            plain(log.end_point ?? log.path),
          ]
            .filter(Boolean)
            .join(' ')}
        </p>
        <BodyView
          text={log.request_body}
          truncated={log.request_body_truncated}
          size={log.request_body_size}
          masked={hidden}
        />
      </>
    ),
    response: () => (
      <>
        <p>
          <StatusMark status={log.status} />{' '}
          {log.response_status_code ? `HTTP ${String(log.response_status_code)}` : ''}{' '}
          {formatDuration(log.response_time)}{' '}
          {log.error_kind && <span class="quiet">{kindWord(log.error_kind)}</span>}
        </p>
        {log.error_message && (
          <p class="bad">
            <bdi class="wrap">{plain(log.error_message)}</bdi>
          </p>
        )}
        <BodyView
          text={log.response_body}
          truncated={log.response_body_truncated}
          size={log.response_body_size}
          masked={hidden}
        />
      </>
    ),
    headers: () => (
      <>
        <HeaderTable title={t('tab.request')} headers={log.request_headers} />
        <HeaderTable title={t('tab.response')} headers={log.response_headers} />
      </>
    ),
    attempts: () => <Attempts log={log} retries={retries} step={step} />,
    audit: () => <LogAudit id={id} />,
  };
  return (
    <article class="log" aria-labelledby="log-title">
      <h2 id="log-title">
        <StatusMark status={log.status} /> <bdi>{plain(log.operation)}</bdi>{' '}
        {log.integration_type === 'API' ? '←' : '→'}{' '}
        <bdi>{plain(log.developer_name) || t('unknown')}</bdi>
      </h2>
      <p class="chips">
        {log.bill_id && <span class="chip">{t('chip.bill', { id: String(log.bill_id) })}</span>}
        {log.patient_id && (
          <span class="chip">{t('chip.patient', { id: plain(log.patient_id) })}</span>
        )}
        <span class="chip">{t('chip.lab', { id: String(log.lab_id) })}</span>
        <span class="chip mono">{log.log_id}</span>
      </p>
      <Actions log={log} onRetry={onRetry} />
      <Masked
        log={log}
        revealed={revealed}
        onReveal={() => {
          setAsking(true);
        }}
        onHide={() => {
          setRevealed(null);
        }}
      />
      <Tabs
        label={t('log.parts')}
        at={tab}
        onChange={setTab}
        tabs={parts.map((name) => ({
          name,
          title:
            t(`tab.${name}` as TextKey) +
            (name === 'attempts' && retries.length ? ` (${String(retries.length + 1)})` : ''),
          view: views[name] ?? (() => null),
        }))}
      />
      <p class="print-foot">
        {t('print.foot', {
          who: me.value?.login ?? '',
          time: formatTime(new Date(serverNow()).toISOString()),
        })}
      </p>
      {asking && (
        <RevealDialog
          ask={async (reason) => {
            setRevealed(await reveal(id, reason));
            setAsking(false);
          }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </article>
  );
}
