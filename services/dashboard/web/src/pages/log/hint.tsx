/* What somebody would look at first, looked at beforehand, with the one thing to do next. */
import type { Log } from '../../api/types';
import { plain } from '../../format/text';
import { managePath } from '../manage/page';
import { may } from '../../state/session';
import { t, type TextKey } from '../../text/en';

type Act = 'row' | 'retry' | 'response' | 'health' | 'none';

/* By the error's kind: where it is put right. */
const acts: Record<string, Act> = {
  timeout: 'retry',
  connect: 'row',
  dns: 'row',
  tls: 'row',
  http_status: 'response',
  response: 'response',
  nack: 'response',
  auth: 'row',
  blocked: 'row',
  circuit: 'health',
  storage: 'retry',
  vendor: 'response',
  config: 'row',
  build: 'retry',
};

function actOf(log: Log): Act {
  if (log.status === 'QUEUED') return 'health';
  return log.status === 'FAIL' ? (acts[log.error_kind ?? ''] ?? 'none') : 'none';
}

export const rowPath = (log: Log): string =>
  `${managePath}/${String(log.auth_id)}/${String(log.lab_integration_id)}?lab=${String(log.lab_id)}`;

export function Hint(props: { log: Log; onRetry: () => void; onPart: (part: string) => void }) {
  const { log, onRetry, onPart } = props;
  if (!log.hint && log.checks.length === 0) return null;
  const act = actOf(log);
  return (
    <section class="hint" aria-label={t('hint.title')}>
      {log.hint && <p>{plain(log.hint)}</p>}
      <ul>
        {log.checks.map((check) => (
          <li key={check.name} class={check.ok === false ? 'bad' : ''}>
            <span aria-hidden="true">{check.ok === null ? '–' : check.ok ? '✓' : '✗'}</span>{' '}
            {t(`check.${check.name}` as TextKey)}
            <span class="sr">
              {' '}
              {check.ok === null ? t('unknown') : check.ok ? t('yes') : t('no')}
            </span>
            {check.detail && <span class="quiet"> – {plain(check.detail)}</span>}
          </li>
        ))}
      </ul>
      {act === 'row' && log.auth_id && log.lab_integration_id && (
        <a class="button" href={rowPath(log)}>
          {t('hint.row')}
        </a>
      )}
      {act === 'retry' && may('operator') && (
        <button type="button" onClick={onRetry}>
          {t('hint.retry')}
        </button>
      )}
      {act === 'response' && (
        <button
          type="button"
          onClick={() => {
            onPart('response');
          }}
        >
          {t('hint.response')}
        </button>
      )}
      {act === 'health' && (
        <a class="button" href={`/health?lab=${String(log.lab_id)}`}>
          {t('hint.health')}
        </a>
      )}
    </section>
  );
}
