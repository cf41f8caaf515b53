/* Health data is shown for a reason, for this log, in this page, for a quarter of an hour. */
import { useState } from 'preact/hooks';

import { post } from '../../api/client';
import type { Exchange, Log, Retry } from '../../api/types';
import { Dialog } from '../../parts/dialog';
import { ProblemBox } from '../../parts/problem';
import { t } from '../../text/en';

export interface Revealed {
  log_id: string;
  revealed_until: string;
  log: Partial<Log>;
  retries: (Partial<Exchange> & { retry_id: string })[];
}

const reasons = ['reveal.complaint', 'reveal.failure', 'reveal.partner', 'reveal.other'] as const;

export function RevealDialog(props: {
  logId: string;
  onClose: () => void;
  onRevealed: (revealed: Revealed) => void;
}) {
  const [reason, setReason] = useState<string>(t(reasons[0]));
  const [note, setNote] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const revealed = await post<Revealed>(`logs/${props.logId}/reveal`, {
        parts: ['request', 'response', 'context', 'attempts'],
        reason: note ? `${reason}: ${note}` : reason,
      });
      props.onRevealed(revealed);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('reveal.title')} onClose={props.onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p>{t('reveal.explain')}</p>
        <label>
          {t('reason')}
          <select
            value={reason}
            onChange={(event) => {
              setReason(event.currentTarget.value);
            }}
          >
            {reasons.map((key) => (
              <option key={key}>{t(key)}</option>
            ))}
          </select>
        </label>
        <label>
          {t('reveal.note')}
          <input
            type="text"
            maxLength={200}
            value={note}
            onInput={(event) => {
              setNote(event.currentTarget.value);
            }}
          />
        </label>
        {error !== null && <ProblemBox error={error} />}
        <button type="submit" class="primary" disabled={busy}>
          {t('reveal.do')}
        </button>
      </form>
    </Dialog>
  );
}

/** The log with what was revealed in it: bodies and headers, never its state. */
export function withRevealed(log: Log, revealed: Revealed | null): Log {
  if (!revealed) return log;
  const first = log.first_attempt;
  return {
    ...log,
    ...revealed.log,
    status: log.status,
    first_attempt: first ? { ...first, ...revealed.log.first_attempt, status: first.status } : null,
  };
}

export function retriesWithRevealed(retries: Retry[], revealed: Revealed | null): Retry[] {
  if (!revealed) return retries;
  const byId = new Map(revealed.retries.map((one) => [one.retry_id, one]));
  return retries.map(
    (retry) => ({ ...retry, ...byId.get(retry.retry_id), status: retry.status }) as Retry,
  );
}
