/* Health data is shown for a reason, in this page, for a quarter of an hour. */
import { useEffect, useState } from 'preact/hooks';

import { serverNow } from '../api/client';
import { t } from '../text/en';

import { Dialog } from './dialog';
import { ProblemBox } from './problem';

const reasons = ['reveal.complaint', 'reveal.failure', 'reveal.partner', 'reveal.other'] as const;
const awayMs = 5 * 60_000;

/** Closed by whoever asked for it, when `ask` is done. */
export function RevealDialog(props: {
  ask: (reason: string) => Promise<void>;
  onClose: () => void;
}) {
  const [reason, setReason] = useState<string>(t(reasons[0]));
  const [note, setNote] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    props.ask(note ? `${reason}: ${note}` : reason).catch((problem: unknown) => {
      setError(problem);
      setBusy(false);
    });
  };
  return (
    <Dialog title={t('reveal.title')} onClose={props.onClose}>
      <form onSubmit={submit}>
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

/** Hidden again when its time is over, and when the page was left for a while. */
export function useRevealed<T extends { revealed_until: string }>(
  id: string,
): [T | null, (revealed: T | null) => void] {
  const [revealed, setRevealed] = useState<T | null>(null);
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
      if (document.hidden) away = setTimeout(forget, awayMs);
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
