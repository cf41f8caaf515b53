/* What of a log was revealed, and the log with it. */
import { post } from '../../api/client';
import type { Exchange, Log, Retry } from '../../api/types';

export interface Revealed {
  log_id: string;
  revealed_until: string;
  log: Partial<Log>;
  retries: (Partial<Exchange> & { retry_id: string })[];
}

export const reveal = (id: string, reason: string): Promise<Revealed> =>
  post(`logs/${id}/reveal`, { parts: ['request', 'response', 'context', 'attempts'], reason });

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
