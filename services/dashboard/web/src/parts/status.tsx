/* A status is a word, a shape and a colour, never the colour alone. */
import { t } from '../text/en';

export type Status = 'SUCCESS' | 'FAIL' | 'QUEUED' | 'SUPERSEDED' | '';

const shapes: Record<string, string> = {
  SUCCESS: '●',
  FAIL: '▲',
  QUEUED: '◌',
  SUPERSEDED: '⊘',
  '': '∅',
};

export const statusWord = (status: string): string =>
  status === '' ? t('status.suppressed') : status;

export function StatusMark({ status }: { status: string }) {
  return (
    <span class={`status status-${status === '' ? 'suppressed' : status.toLowerCase()}`}>
      <span aria-hidden="true">{shapes[status] ?? '?'}</span> {statusWord(status)}
    </span>
  );
}
