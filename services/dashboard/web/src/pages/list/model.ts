/*
 * A list that is read while it changes: rows on show never move by themselves. Changes of
 * known rows are made in place; new rows wait in a buffer until the reader asks for them.
 */
import { batch, computed, signal } from '@preact/signals';

import { get } from '../../api/client';
import { listen } from '../../api/stream';
import type { Count, LogRow, Page } from '../../api/types';

import { apiQuery, belongs, followable, type Filter } from './filter';

const pageSize = 50;
const windowMost = 1000;
const bufferMost = 500;
const tintMs = 2000;
const refetchAfterMs = 1000;

export interface ShownRow extends LogRow {
  /** It ceased to match since it was loaded. */
  left?: boolean;
  /** When it changed last, for its tint. */
  changedAt?: number;
}

/* As the API orders them: by the instant, then by the id. */
function newestFirst(a: LogRow, b: LogRow): number {
  const [x, y] = [a.inserted_at ?? '', b.inserted_at ?? ''];
  if (x !== y) return x < y ? 1 : -1;
  return a.log_id < b.log_id ? 1 : a.log_id > b.log_id ? -1 : 0;
}

export class ListModel {
  readonly rows = signal<ShownRow[]>([]);
  readonly fresh = signal<LogRow[]>([]);
  readonly freshOverflow = signal(false);
  /** The window is full of older rows: the newest had to go, and come back by a reload. */
  readonly newestGone = signal(false);
  readonly cursor = signal<string | null>(null);
  readonly loading = signal(false);
  readonly error = signal<unknown>(null);
  readonly loaded = signal(false);
  readonly counts = signal<Record<string, Count> | null>(null);
  /** How many the filter matches; null: not known yet. */
  readonly total = computed<Count | null>(() => {
    const counts = this.counts.value;
    if (!counts) return null;
    const words = this.filter.status.length ? this.filter.status : Object.keys(counts);
    let sum = { count: 0, capped: false };
    for (const word of words) {
      const one = counts[word];
      if (!one) return null; // suppressed ones are not counted
      sum = { count: sum.count + one.count, capped: sum.capped || one.capped };
    }
    return sum;
  });
  readonly ticked = signal<ReadonlySet<string>>(new Set());

  private readonly endings: (() => void)[];
  private abort = new AbortController();
  private countTimer: ReturnType<typeof setTimeout> | undefined;
  readonly filter: Filter;

  constructor(filter: Filter) {
    this.filter = filter;
    this.endings = [
      listen('log', (data) => {
        this.take(data as LogRow);
      }),
      listen('resync', () => void this.reload()),
    ];
    void this.reload();
  }

  close(): void {
    this.abort.abort();
    clearTimeout(this.countTimer);
    for (const end of this.endings) end();
  }

  async reload(): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    const { signal: aborted } = this.abort;
    this.loading.value = true;
    try {
      const query = { ...apiQuery(this.filter), limit: pageSize };
      const page = await get<Page<LogRow>>('logs', query, aborted);
      if (aborted.aborted) return;
      batch(() => {
        this.rows.value = page.items;
        this.cursor.value = page.next_cursor;
        this.fresh.value = [];
        this.freshOverflow.value = false;
        this.newestGone.value = false;
        this.error.value = null;
        this.loaded.value = true;
      });
    } catch (error) {
      if (!aborted.aborted) this.error.value = error;
    }
    if (!aborted.aborted) {
      this.loading.value = false;
      void this.count();
    }
  }

  async older(): Promise<void> {
    const cursor = this.cursor.value;
    if (!cursor || this.loading.value) return;
    const { signal: aborted } = this.abort;
    this.loading.value = true;
    try {
      const query = { ...apiQuery(this.filter), limit: pageSize, cursor };
      const page = await get<Page<LogRow>>('logs', query, aborted);
      if (aborted.aborted) return;
      const known = new Set(this.rows.value.map((row) => row.log_id));
      const added = page.items.filter((row) => !known.has(row.log_id));
      const all = [...this.rows.value, ...added];
      this.rows.value = all.slice(-windowMost);
      this.newestGone.value ||= all.length > windowMost;
      this.cursor.value = page.next_cursor;
      this.error.value = null;
    } catch (error) {
      if (!aborted.aborted) this.error.value = error;
    }
    if (!aborted.aborted) this.loading.value = false;
  }

  /** Puts the waiting rows where they belong; a list that would get gaps is read anew. */
  show(): void {
    const all = [...this.fresh.value, ...this.rows.value].sort(newestFirst);
    if (this.freshOverflow.value || this.newestGone.value || all.length > windowMost) {
      void this.reload();
      return;
    }
    batch(() => {
      this.rows.value = all;
      this.fresh.value = [];
    });
    void this.complete();
  }

  /* The stream says less of a row than the list shows (no patient, no address). */
  private async complete(): Promise<void> {
    try {
      const query = { ...apiQuery(this.filter), limit: pageSize };
      const page = await get<Page<LogRow>>('logs', query, this.abort.signal);
      const whole = new Map(page.items.map((row) => [row.log_id, row]));
      this.rows.value = this.rows.value.map((row) => {
        const found = whole.get(row.log_id);
        return found && (found.updated_at ?? '') >= (row.updated_at ?? '')
          ? { ...row, ...found }
          : row;
      });
    } catch {
      // the rows stay as the stream told them
    }
  }

  tick(ids: string[], on: boolean): void {
    const next = new Set(this.ticked.value);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    this.ticked.value = next;
  }

  /** The row before or after this one, in what is on show. */
  neighbour(id: string, step: 1 | -1): string | null {
    const at = this.rows.value.findIndex((row) => row.log_id === id);
    return at < 0 ? null : (this.rows.value[at + step]?.log_id ?? null);
  }

  private take(change: LogRow): void {
    const known = this.rows.value.findIndex((row) => row.log_id === change.log_id);
    if (known >= 0) this.patch(known, change);
    else if (this.loaded.value && belongs(change, this.filter)) this.buffer(change);
    this.countSoon();
  }

  private patch(at: number, change: LogRow): void {
    const old = this.rows.value[at];
    if (!old || (old.updated_at ?? '') > (change.updated_at ?? '')) return;
    const said = Object.fromEntries(Object.entries(change).filter(([, v]) => v !== undefined));
    const row: ShownRow = { ...old, ...said };
    row.patient_id = change.patient_id ?? old.patient_id;
    row.left = !belongs(row, this.filter);
    row.changedAt = Date.now();
    const next = this.rows.value.slice();
    next[at] = row;
    this.rows.value = next;
    setTimeout(() => {
      this.untint(row);
    }, tintMs);
  }

  private untint(row: ShownRow): void {
    const at = this.rows.value.indexOf(row);
    if (at < 0) return;
    const next = this.rows.value.slice();
    next[at] = { ...row };
    delete next[at].changedAt;
    this.rows.value = next;
  }

  private buffer(change: LogRow): void {
    if (!followable(this.filter)) return;
    const oldest = this.rows.value[this.rows.value.length - 1]?.inserted_at ?? '';
    const waiting = this.fresh.value;
    const at = waiting.findIndex((row) => row.log_id === change.log_id);
    if (at >= 0) {
      const next = waiting.slice();
      next[at] = { ...waiting[at], ...change };
      this.fresh.value = next;
    } else if (this.cursor.value !== null && (change.inserted_at ?? '') < oldest) {
      return; // an old row that moved: it is further down, unloaded
    } else if (waiting.length >= bufferMost) {
      this.freshOverflow.value = true;
    } else {
      this.fresh.value = [change, ...waiting];
    }
  }

  private countSoon(): void {
    this.countTimer ??= setTimeout(() => {
      this.countTimer = undefined;
      void this.count();
    }, refetchAfterMs * 3);
  }

  private async count(): Promise<void> {
    try {
      const query = { ...apiQuery(this.filter), status: '' };
      const found = await get<{ by_status: Record<string, Count> }>(
        'logs/counts',
        query,
        this.abort.signal,
      );
      this.counts.value = found.by_status;
    } catch {
      // the list itself says what is wrong
    }
  }
}
