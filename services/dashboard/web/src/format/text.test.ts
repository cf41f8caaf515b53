import { describe, expect, it } from 'vitest';

import { end, middle, plain, shellQuote } from './text';
import { resolveTime } from './time';

describe('texts of strangers', () => {
  it.each([
    [null, ''],
    [0, '0'],
    ['a\u202eb', 'a␣U+202Eb'],
    ['<b>', '<b>'],
    ['a\u0000\u000bb\n', 'a␀␋b\n'],
  ])('%j is shown as %j', (given, shown) => {
    expect(plain(given)).toBe(shown);
  });

  it('keeps both ends of an id', () => {
    expect(middle('0123456789abcdef', 7)).toBe('012…def');
    expect(middle('short', 7)).toBe('short');
    expect(end('0123456789', 5)).toBe('0123…');
    expect(end('ab😀defgh', 4)).toBe('ab…');
    expect(middle('😀😀😀😀😀', 4)).toBe('😀…');
  });

  it('quotes for a shell', () => {
    expect(shellQuote(`a'b$(c)`)).toBe(`'a'\\''b$(c)'`);
  });

  it('counts relative times from now and leaves instants alone', () => {
    const hour = Date.parse(resolveTime('-1h'));
    expect(Math.abs(Date.now() - 3_600_000 - hour)).toBeLessThan(5000);
    expect(resolveTime('2026-11-21T00:00:00Z')).toBe('2026-11-21T00:00:00Z');
  });
});
