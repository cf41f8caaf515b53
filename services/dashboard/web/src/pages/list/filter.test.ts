import { describe, expect, it } from 'vitest';

import type { LogRow } from '../../api/types';
import { parseAddress } from '../../state/address';

import { apiQuery, base32hexToHex, belongs, filterOf, readSearch } from './filter';

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
  ] as const)('%s takes %j: %s', (tab, row, wanted) => {
    const filter = filterOf(tab, parseAddress('/x?lab=17'));
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
