/* The layer over the table: how many new rows wait, and whether they come by themselves. */
import { useEffect, useRef } from 'preact/hooks';

import { count } from '../../format/text';
import { preferences } from '../../state/session';
import { t, tn } from '../../text/en';

import type { ListModel } from './model';

const followMs = 1000;
const announceMs = 10_000;

export function NewRows({
  model,
  follow,
  busy,
}: {
  model: ListModel;
  follow: boolean;
  busy: boolean;
}) {
  const n = model.fresh.value.length;
  const overflow = model.freshOverflow.value;
  const said = useRef({ n: 0, failed: 0 });
  const box = useRef<HTMLParagraphElement>(null);
  const paused = follow && busy;

  useEffect(() => {
    if (!follow || busy || n === 0) return undefined;
    const timer = setTimeout(() => {
      if (window.scrollY < 4) model.show();
    }, followMs);
    return () => {
      clearTimeout(timer);
    };
  }, [follow, busy, n]);

  // Sums up for screen readers, at most every ten seconds, and never the first value.
  useEffect(() => {
    const timer = setInterval(() => {
      const now = model.fresh.value;
      const added = now.length - said.current.n;
      const failed = now.filter((row) => row.status === 'FAIL').length;
      if (box.current && added > 0 && preferences.value.announce !== false)
        box.current.textContent = t('list.announce', {
          n: String(added),
          failed: String(Math.max(0, failed - said.current.failed)),
        });
      said.current = { n: now.length, failed };
    }, announceMs);
    return () => {
      clearInterval(timer);
    };
  }, [model]);

  return (
    <div class="new-rows">
      <p class="sr" role="status" aria-live="polite" ref={box} />
      {n > 0 && (
        <button
          type="button"
          class="pill"
          onClick={() => {
            showInPlace(model);
          }}
        >
          {paused ? `${t('list.paused')}, ` : ''}
          {overflow ? t('list.new.many') : tn('list.new', n, { n: count(n) })} · {t('list.show')}
        </button>
      )}
    </div>
  );
}

/** The focused row stays where it is on the screen. */
export function showInPlace(model: ListModel): void {
  const row = document.activeElement?.closest('tr');
  const before = row?.getBoundingClientRect().top;
  model.show();
  requestAnimationFrame(() => {
    if (row && before !== undefined && window.scrollY > 0)
      window.scrollBy(0, row.getBoundingClientRect().top - before);
  });
}
