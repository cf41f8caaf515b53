import { describe, expect, it } from 'vitest';

import { formatAddress, parseAddress } from './address';

describe('an address', () => {
  it.each([
    '/webhook',
    '/webhook?lab=17&status=FAIL,QUEUED&from=-24h',
    '/errors?action=12#q=J%C3%BCrgen+%26+Co',
    '/trace/bill/9001?lab=17',
    '/',
  ])('%s survives being read and written', (text) => {
    expect(formatAddress(parseAddress(text))).toBe(text);
  });

  it('may be mistyped', () => {
    expect(parseAddress('/logs/%zz').path).toBe('/logs/%zz');
  });

  it('keeps free text out of the query', () => {
    const made = formatAddress({ path: '/api', query: { lab: '1' }, fragment: { q: 'Doe' } });
    expect(made).toBe('/api?lab=1#q=Doe');
  });
});
