/* One log: header, actions, and its parts in tabs. */
import { useEffect, useState } from 'preact/hooks';

import { get, serverNow } from '../../api/client';
import { listen } from '../../api/stream';
import type { Items, Log, LogRow, Retry } from '../../api/types';
import { HeaderTable } from '../../body/headers';
import { BodyView } from '../../body/view';
import { plain } from '../../format/text';
import { formatTime } from '../../format/time';
import { useLoad } from '../../parts/load';
import { ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { Tabs } from '../../parts/tabs';
import { copy } from '../../parts/toast';
import { may } from '../../state/session';
import { t } from '../../text/en';
import type { RetryScope } from '../retry/dialog';

import { Attempts } from './attempts';
import { asCurl } from './curl';
import { retriesWithRevealed, RevealDialog, type Revealed, withRevealed } from './reveal';
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

function Actions({ log, onRetry }: { log: Log; onRetry: (scope: RetryScope) => void }) {
  const open = log.status === 'FAIL' || log.status === 'QUEUED';
  return (
    <div class="actions">
      {may('operator') && log.integration_type !== 'API' && (
        <button
          type="button"
          class="primary"
          onClick={() => {
            onRetry({ kind: 'one', id: log.log_id, lab: log.lab_id, resend: !open });
          }}
        >
          {open ? t('retry.one') : t('retry.resend')}
        </button>
      )}
      <button
        type="button"
        disabled={!log.end_point}
        onClick={() => {
          copy(asCurl(log), t('copied.curl'));
        }}
      >
        {t('copy.curl')}
      </button>
      <button
        type="button"
        onClick={() => {
          copy(log.log_id, t('copied.log_id'));
        }}
      >
        {t('copy.log_id')}
      </button>
      {log.bill_id && (
        <a class="button" href={`/trace/bill/${String(log.bill_id)}?lab=${String(log.lab_id)}`}>
          {t('trace.open')}
        </a>
      )}
    </div>
  );
}

function Masked(props: { log: Log; revealed: Revealed | null; onReveal: () => void }) {
  const { log, revealed, onReveal } = props;
  if (revealed)
    return <p class="label">{t('reveal.until', { time: formatTime(revealed.revealed_until) })}</p>;
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

/* Hidden again when its time is over, and when the page was left for a while. */
function useRevealed(id: string): [Revealed | null, (revealed: Revealed | null) => void] {
  const [revealed, setRevealed] = useState<Revealed | null>(null);
  useEffect(() => {
    setRevealed(null);
  }, [id]);
  useEffect(() => {
    if (!revealed) return undefined;
    const forget = (): void => {
      setRevealed(null);
    };
    const timer = setTimeout(
      forget,
      Math.max(0, Date.parse(revealed.revealed_until) - serverNow()),
    );
    let away: ReturnType<typeof setTimeout> | undefined;
    const onVisibility = (): void => {
      clearTimeout(away);
      if (document.hidden) away = setTimeout(forget, 5 * 60_000);
    };
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      clearTimeout(timer);
      clearTimeout(away);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [revealed]);
  return [revealed, setRevealed];
}

export function LogDetail({ id, onRetry }: { id: string; onRetry: (scope: RetryScope) => void }) {
  const loaded = useLoad(id, (signal) => load(id, signal));
  const [revealed, setRevealed] = useRevealed(id);
  const [asking, setAsking] = useState(false);
  const [tab, setTab] = useState('story');

  useEffect(
    () =>
      listen('log', (data) => {
        if ((data as LogRow).log_id === id) loaded.reload();
      }),
    [id],
  );

  if (loaded.error !== null && !loaded.data)
    return <ProblemBox error={loaded.error} again={loaded.reload} />;
  if (!loaded.data) return <p role="status">{t('loading')}</p>;
  const log = withRevealed(loaded.data.log, revealed);
  const retries = retriesWithRevealed(loaded.data.retries, revealed);
  const hidden = log.masked.length > 0 && !revealed;
  return (
    <article class="log" aria-labelledby="log-title">
      <h2 id="log-title">
        <StatusMark status={log.status} /> {plain(log.operation)} →{' '}
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
      />
      <Tabs
        label={t('log.parts')}
        at={tab}
        onChange={setTab}
        tabs={[
          {
            name: 'story',
            title: t('tab.story'),
            view: () => <Story log={log} retries={retries} />,
          },
          {
            name: 'request',
            title: t('tab.request'),
            view: () => (
              <>
                <p class="mono wrap">{plain(log.end_point)}</p>
                <BodyView
                  text={log.request_body}
                  truncated={log.request_body_truncated}
                  size={log.request_body_size}
                  masked={hidden}
                />
              </>
            ),
          },
          {
            name: 'response',
            title: t('tab.response'),
            view: () => (
              <BodyView
                text={log.response_body}
                truncated={log.response_body_truncated}
                size={log.response_body_size}
                masked={hidden}
              />
            ),
          },
          {
            name: 'headers',
            title: t('tab.headers'),
            view: () => (
              <>
                <HeaderTable title={t('tab.request')} headers={log.request_headers} />
                <HeaderTable title={t('tab.response')} headers={log.response_headers} />
              </>
            ),
          },
          {
            name: 'attempts',
            title: t('tab.attempts'),
            view: () => <Attempts log={log} retries={retries} />,
          },
        ]}
      />
      {asking && (
        <RevealDialog
          logId={id}
          onClose={() => {
            setAsking(false);
          }}
          onRevealed={(found) => {
            setRevealed(found);
            setAsking(false);
          }}
        />
      )}
    </article>
  );
}
