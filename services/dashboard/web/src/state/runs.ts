/* Runs of many retries that are under way: told by the stream, asked for where it is silent. */
import { signal } from '@preact/signals';

import { get } from '../api/client';
import { listen } from '../api/stream';
import type { Items, RetryRun } from '../api/types';

export const activeRuns = signal<RetryRun[]>([]);

/* A stopped run may be resumed: it has not ended, but nothing moves either. */
const ended = new Set(['DONE', 'CANCELLED']);
const askMs = 10_000;
const shown = 20;

export const hasEnded = (run: RetryRun): boolean => ended.has(run.state);

/** How many of a run have their result. */
export function finished(run: RetryRun): number {
  const { waiting = 0, asked = 0 } = run.counts;
  return Math.max(0, run.total - waiting - asked);
}

function take(run: RetryRun): void {
  const others = activeRuns.value.filter((one) => one.id !== run.id);
  const moves = !hasEnded(run) && run.state !== 'STOPPED';
  activeRuns.value = moves ? [run, ...others] : others;
}

async function ask(): Promise<void> {
  try {
    const found = await get<Items<RetryRun>>('retry-runs', { limit: shown });
    activeRuns.value = found.items.filter((run) => !hasEnded(run) && run.state !== 'STOPPED');
  } catch {
    // the page of the runs says what is wrong
  }
}

let watching = false;

export function watchRuns(): void {
  if (watching) return;
  watching = true;
  void ask();
  listen('run', (data) => {
    const run = data as Partial<RetryRun>;
    if (run.id && run.state && run.counts) take(run as RetryRun);
    else void ask();
  });
  listen('resync', () => void ask());
  setInterval(() => {
    if (!document.hidden && activeRuns.value.length > 0) void ask();
  }, askMs);
}
