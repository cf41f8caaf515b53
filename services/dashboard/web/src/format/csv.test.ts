import { describe, expect, it } from 'vitest';

import { csvText } from './csv';

describe('CSV', () => {
  it.each([
    [['a', 1, null], 'a,1,\r\n'],
    [['a,b', 'say "x"'], '"a,b","say ""x"""\r\n'],
    [['=1+1', '-3', -3], "'=1+1,'-3,-3\r\n"],
    [['two\nlines'], '"two\nlines"\r\n'],
  ])('%j', (row, wanted) => {
    expect(csvText([row])).toBe(wanted);
  });
});
