/* A request as a command line. Secrets are left out: what is masked stays masked. */
import type { Log } from '../../api/types';
import { shellQuote } from '../../format/text';

export const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const masked = /\*{3}|••|…/;

export function asCurl(log: Log): string {
  const parts = [
    'curl',
    '-X',
    methods[log.request_type ?? 1] ?? 'POST',
    shellQuote(log.end_point ?? ''),
  ];
  for (const [name, value] of Object.entries(log.request_headers ?? {})) {
    const text = String(value);
    parts.push('-H', shellQuote(masked.test(text) ? `${name}: <secret>` : `${name}: ${text}`));
  }
  if (log.request_body) parts.push('--data-binary', shellQuote(log.request_body));
  return parts.join(' ');
}
