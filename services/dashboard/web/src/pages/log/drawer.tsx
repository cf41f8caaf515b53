import { useLayoutEffect, useRef } from 'preact/hooks';

import { count } from '../../format/text';
import { t } from '../../text/en';
import type { RetryScope } from '../retry/dialog';

import { LogDetail } from './detail';

interface Props {
  id: string;
  position: number; // -1: not in the list
  total: number;
  more: boolean;
  last: boolean;
  onStep: (step: 1 | -1) => void;
  onClose: () => void;
  onRetry: (scope: RetryScope) => void;
  back: string;
}

export function LogDrawer(props: Props) {
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    ref.current?.focus({ preventScroll: true });
  }, []);
  return (
    <aside class="drawer" ref={ref} tabIndex={-1} aria-label={t('log.one')}>
      <header>
        <a class="back" href={props.back}>
          ← {t('log.back')}
        </a>
        {props.position >= 0 && (
          <span class="quiet">
            {t('log.position', {
              n: count(props.position + 1),
              total: `${count(props.total)}${props.more ? '+' : ''}`,
            })}
          </span>
        )}
        <button
          type="button"
          aria-label={t('log.previous')}
          disabled={props.position <= 0}
          onClick={() => {
            props.onStep(-1);
          }}
        >
          ↑
        </button>
        <button
          type="button"
          aria-label={t('log.next')}
          disabled={props.position < 0 || props.last}
          onClick={() => {
            props.onStep(1);
          }}
        >
          ↓
        </button>
        <button type="button" class="plain" aria-label={t('close')} onClick={props.onClose}>
          ✕
        </button>
      </header>
      <LogDetail key={props.id} id={props.id} onRetry={props.onRetry} />
    </aside>
  );
}
