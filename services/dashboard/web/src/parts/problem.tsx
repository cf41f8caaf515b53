/* What went wrong, in its own words, and what to do. */
import { Problem } from '../api/client';
import { t, type TextKey } from '../text/en';

const byStatus: Record<number, TextKey> = {
  [Problem.offline]: 'problem.offline',
  [Problem.late]: 'problem.late',
  401: 'problem.unauthorised',
  403: 'problem.forbidden',
  404: 'problem.missing',
  412: 'problem.conflict',
  429: 'problem.busy',
  503: 'problem.away',
};

export function problemText(error: unknown): string {
  if (!(error instanceof Problem)) return t('problem.unknown');
  const known = byStatus[error.status];
  const words = error.detail || error.title;
  if (error.status === 429 && error.retryAfter > 0)
    return t('problem.busy.seconds', { seconds: String(error.retryAfter) });
  if (error.status > 0 && words && error.status !== 503) return words;
  return known ? t(known) : words || t('problem.unknown');
}

export function ProblemBox({ error, again }: { error: unknown; again?: () => void }) {
  const id = error instanceof Problem ? error.requestId : '';
  return (
    <div class="notice notice-bad" role="alert">
      <p>{problemText(error)}</p>
      {id && (
        <p class="quiet">
          {t('problem.request')} <code>{id}</code>
        </p>
      )}
      {again && (
        <button type="button" onClick={again}>
          {t('again')}
        </button>
      )}
    </div>
  );
}
