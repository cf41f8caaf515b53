import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { LogRow } from '../../api/types';
import { parseAddress } from '../../state/address';

import { filterOf } from './filter';

const asked = vi.hoisted(() => ({
  answer: vi.fn(),
  tell: (() => undefined) as (data: unknown) => void,
}));
vi.mock('../../api/client', () => ({ get: asked.answer, serverNow: () => Date.now() }));
vi.mock('../../api/stream', () => ({
  listen: (name: string, listener: (data: unknown) => void) => {
    if (name === 'log') asked.tell = listener;
    return () => undefined;
  },
}));

const { ListModel } = await import('./model');

const begin = Date.now() - 3_600_000;
const row = (n: number, more: Partial<LogRow> = {}): LogRow =>
  ({
    log_id: n.toString(16).padStart(24, '0'),
    lab_id: 17,
    integration_type: 'WEBHOOK',
    status: 'SUCCESS',
    inserted_at: new Date(begin + n * 1000).toISOString(),
    updated_at: new Date(begin + n * 1000).toISOString(),
    ...more,
  }) as LogRow;

/* Rows `first` … 1 by the page, newest first, as the API gives them. */
function server(first: number): void {
  asked.answer.mockImplementation((path: string, query: { cursor?: string }) => {
    if (path !== 'logs') return Promise.resolve({ by_status: {} });
    const from = query.cursor ? Number(query.cursor) : first;
    const items = Array.from({ length: Math.min(50, from) }, (_, i) => row(from - i));
    return Promise.resolve({ items, next_cursor: from > 50 ? String(from - 50) : null });
  });
}

async function opened(): Promise<InstanceType<typeof ListModel>> {
  const model = new ListModel(filterOf('webhook', parseAddress('/webhook?lab=17')));
  await vi.waitUntil(() => model.loaded.value && !model.loading.value);
  return model;
}

const numbers = (rows: LogRow[]): number[] => rows.map((one) => parseInt(one.log_id, 16));

describe('a list that is read while it changes', () => {
  beforeEach(() => {
    asked.answer.mockReset();
  });

  it('puts new rows where they belong, whichever comes first', async () => {
    server(3);
    const model = await opened();
    for (const n of [5, 4, 6]) asked.tell(row(n));
    expect(numbers(model.rows.value)).toEqual([3, 2, 1]);
    server(6);
    model.show();
    expect(numbers(model.rows.value)).toEqual([6, 5, 4, 3, 2, 1]);
    model.close();
  });

  it('has nothing new of a log that is too old for it', async () => {
    server(3);
    const model = await opened();
    asked.tell(row(9, { inserted_at: '2020-02-29T10:00:00.000Z' }));
    asked.tell(row(9, { lab_id: 18 }));
    expect(model.fresh.value).toEqual([]);
    model.close();
  });

  it('holds a thousand rows, and says that the newest are not among them', async () => {
    server(1200);
    const model = await opened();
    for (let i = 0; i < 21; i++) await model.older();
    expect(numbers(model.rows.value)[0]).toBe(1100);
    expect(model.rows.value).toHaveLength(1000);
    expect(model.newestGone.value).toBe(true);
    asked.tell(row(1201));
    model.show(); // between it and the others would be a gap
    await vi.waitUntil(() => !model.loading.value);
    expect(numbers(model.rows.value)[0]).toBe(1200);
    expect(model.newestGone.value).toBe(false);
    model.close();
  });
});
