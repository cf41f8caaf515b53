/* One log is sent again: what would go out is shown first, then how it went. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { call, get, post } from '../../api/client';
import { listen } from '../../api/stream';
import type { LogRow, RetryPreview } from '../../api/types';
import { plain } from '../../format/text';
import { ProblemBox } from '../../parts/problem';
import { StatusMark } from '../../parts/status';
import { t } from '../../text/en';

import { SampleBodies } from './preview';

export interface OneScope {
  kind: 'one';
  id: string;
  lab: number;
  resend: boolean;
}

const askMs = 5000;

function newRetryId(): string {
  return `ui-${crypto.randomUUID()}`;
}

/* What the stream says of this retry, from the moment the dialog opens: the outcome may be
   there before the answer to the request is. Where the stream is silent, the log is asked. */
function useOutcome(id: string, retryId: string, sent: boolean): LogRow | null {
  const [row, setRow] = useState<LogRow | null>(null);
  const take = (change: LogRow): void => {
    if (change.log_id === id && change.retry_id === retryId) setRow(change);
  };
  const waits = sent && (row === null || row.status === 'QUEUED');
  useEffect(
    () =>
      listen('log', (data) => {
        take(data as LogRow);
      }),
    [id, retryId],
  );
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setInterval(() => {
      get<LogRow>(`logs/${id}`).then(take, () => undefined);
    }, askMs);
    return () => {
      clearInterval(timer);
    };
  }, [waits, id, retryId]);
  return row;
}

/* Builds it from today's data without sending. That this fails keeps nobody from retrying. */
function WhatWouldGo({ scope }: { scope: OneScope }) {
  const [preview, setPreview] = useState<RetryPreview | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    post<RetryPreview>('logs/retry', {
      ids: [scope.id],
      dry_run: true,
      ...(scope.resend ? { resend: true } : {}),
    }).then(setPreview, () => {
      setFailed(true);
    });
  }, []);
  if (failed) return null;
  if (!preview)
    return (
      <p class="quiet" role="status">
        {t('preview.making')}
      </p>
    );
  const [sample] = preview.samples ?? [];
  return sample ? <SampleBodies sample={sample} /> : null;
}

/** Queued → sending → its result, as the stream tells it. */
function Progress({ outcome }: { outcome: LogRow | null }) {
  return (
    <p class="label" role="status">
      {t('retry.queued')} {outcome && <StatusMark status={outcome.status} />}{' '}
      {outcome && outcome.status === 'FAIL' && <bdi>{plain(outcome.error_message)}</bdi>}
    </p>
  );
}

export function One({ scope, onClose }: { scope: OneScope; onClose: () => void }) {
  const retryId = useRef(newRetryId());
  const [sure, setSure] = useState(!scope.resend);
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const outcome = useOutcome(scope.id, retryId.current, sent);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await call('POST', `logs/${scope.id}/retry`, {
        body: {
          retry_id: retryId.current,
          lab_id: scope.lab,
          ...(scope.resend ? { resend: true } : {}),
        },
      });
      setSent(true);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{t('retry.explain')}</p>
      <WhatWouldGo scope={scope} />
      {scope.resend && !sent && (
        <label class="check">
          <input
            type="checkbox"
            checked={sure}
            onChange={(event) => {
              setSure(event.currentTarget.checked);
            }}
          />
          {t('retry.resend.sure')}
        </label>
      )}
      {error !== null && <ProblemBox error={error} />}
      {sent && <Progress outcome={outcome} />}
      <div class="actions">
        {!sent && (
          <button type="submit" class="primary" disabled={busy || !sure}>
            {t('retry.do')}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {sent ? t('close') : t('cancel')}
        </button>
      </div>
    </form>
  );
}
