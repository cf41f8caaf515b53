import { describe, expect, it } from 'vitest';

import type { LogRow } from '../../api/types';
import { formatAddress, parseAddress } from '../../state/address';

import {
  addressOf,
  apiQuery,
  base32hexToHex,
  belongs,
  type Filter,
  filterOf,
  narrowed,
  readSearch,
  statuses,
  without,
} from './filter';

/* A small generator of its own: the same filters each run. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
}

const words = ['', 'No response', 'a&b=c#d', 'Jürgen +1 %41', 'x,y', 'it\'s "so"', '\u202e/\\?'];

function anyFilter(next: (n: number) => number): Filter {
  const id = (): string => (next(2) ? String(next(1e9)) : '');
  const pick = (from: readonly string[]): string => from[next(from.length)] ?? '';
  return {
    tab: pick(['webhook', 'api', 'errors']) as Filter['tab'],
    lab: id(),
    category: id(),
    action: id(),
    auth: id(),
    integration: id(),
    kind: pick(['', 'timeout', 'http_status']),
    status: statuses.filter(() => next(3) === 0),
    from: pick(['-24h', '-1h', 'all', '2026-11-21T00:00:00.000Z']),
    to: pick(['', '2026-11-21T10:00:00.000Z']),
    q: pick(words),
  };
}

describe('a list’s filter', () => {
  it('comes from the address', () => {
    const filter = filterOf(
      'webhook',
      parseAddress('/webhook?lab=17&status=FAIL,QUEUED&from=all#q=x'),
    );
    expect(apiQuery(filter)).toMatchObject({
      tab: 'webhook',
      lab_id: '17',
      status: 'FAIL,QUEUED',
      from: '',
      q: 'x',
    });
  });

  it('goes to the address and back, and asks for the same', () => {
    const next = random(20261121);
    for (let i = 0; i < 500; i++) {
      const filter = anyFilter(next);
      const text = formatAddress(addressOf(filter));
      expect(text.split('#')[0]).not.toContain('response');
      const back = filterOf(filter.tab, parseAddress(text));
      expect(back).toEqual(filter);
      expect(formatAddress(addressOf(back))).toBe(text);
    }
  });

  it('loses what is taken away and nothing else', () => {
    const next = random(4711);
    for (let i = 0; i < 100; i++) {
      const filter = anyFilter(next);
      for (const name of narrowed(filter))
        expect(narrowed(without(filter, name))).toEqual(
          narrowed(filter).filter((other) => other !== name),
        );
    }
  });

  it('is the last 24 hours unless said', () => {
    const { from } = apiQuery(filterOf('api', parseAddress('/api')));
    expect(Math.abs(Date.now() - 86_400_000 - Date.parse(from ?? ''))).toBeLessThan(5000);
  });

  it.each([
    ['errors', { status: 'FAIL' }, true],
    ['errors', { status: 'SUCCESS' }, false],
    ['webhook', { status: '' }, false],
    ['webhook', { status: 'SUCCESS', lab_id: 18 }, false],
    ['api', { status: 'SUCCESS' }, false],
    ['errors', { status: 'FAIL', auth_id: 4, error_kind: 'nack' }, false],
    ['errors', { status: 'FAIL', inserted_at: '2020-02-29T10:00:00Z' }, false],
  ] as const)('%s takes %j: %s', (tab, row, wanted) => {
    const filter = filterOf(
      tab,
      parseAddress(`/x?lab=17${'auth_id' in row ? '&kind=timeout' : ''}`),
    );
    const whole = { lab_id: 17, integration_type: 'WEBHOOK', ...row } as LogRow;
    expect(belongs(whole, filter)).toBe(wanted);
  });

  it.each([
    ['507f1f77bcf86cd799439011', 'log'],
    [' 9001 ', 'number'],
    ['No response', 'words'],
    ['', undefined],
  ])('the search box reads %j as %s', (text, kind) => {
    expect(readSearch(text)?.kind).toBe(kind);
  });

  it('reads a message control id as the log that it names', () => {
    expect(base32hexToHex('00000000000000000000')).toBe('0'.repeat(24));
    expect(base32hexToHex('a1vhutts')).toBeNull();
    expect(base32hexToHex('vvvvvvvvvvvvvvvvvvvg')).toBe('f'.repeat(24));
  });
});
