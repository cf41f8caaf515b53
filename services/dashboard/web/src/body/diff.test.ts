import { describe, expect, it } from 'vitest';

import { diffLines } from './diff';

const signs = { same: ' ', gone: '-', new: '+', skip: '~' };
const shown = (a: string, b: string): string[] =>
  diffLines(a.split(''), b.split(''), 1).map((line) => signs[line.kind] + line.text);

describe('differences', () => {
  it.each([
    ['abc', 'abc', []],
    ['abc', 'axc', [' a', '-b', '+x', ' c']],
    ['', 'a', ['-', '+a']],
    ['abcdefg', 'abcdefgh', ['~6', ' g', '+h']],
    ['xabcdef', 'abcdef', ['-x', ' a', '~5']],
  ])('%s to %s', (a, b, wanted) => {
    expect(
      diffLines(a === '' ? [''] : a.split(''), b.split(''), 1).map((l) => signs[l.kind] + l.text),
    ).toEqual(wanted);
  });

  it('reproduces both texts', () => {
    const a = 'the quick brown fox'.split('');
    const b = 'a quick browner ox!'.split('');
    const lines = diffLines(a, b, 100);
    expect(lines.filter((l) => l.kind !== 'new').map((l) => l.text)).toEqual(a);
    expect(lines.filter((l) => l.kind !== 'gone').map((l) => l.text)).toEqual(b);
    expect(shown('ab', 'ab')).toEqual([]);
  });
});
