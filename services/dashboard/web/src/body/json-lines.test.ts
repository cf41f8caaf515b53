import { describe, expect, it } from 'vitest';

import { jsonLines, lineText } from './json-lines';

const shown = (text: string): string[] | null => jsonLines(text)?.map(lineText) ?? null;

describe('JSON for reading', () => {
  it('keeps numbers as they were written', () => {
    expect(shown('{"id":9007199254740993,"n":1.50}')).toEqual([
      '{',
      '  "id": 9007199254740993,',
      '  "n": 1.50',
      '}',
    ]);
  });

  it('knows what closes what', () => {
    const lines = jsonLines('{"a":[1,2],"b":{}}');
    expect(lines?.map(lineText)).toEqual([
      '{',
      '  "a": [',
      '    1,',
      '    2',
      '  ],',
      '  "b": {}',
      '}',
    ]);
    expect(lines?.[0]?.closes).toBe(6);
    expect(lines?.[1]?.closes).toBe(4);
  });

  it.each(['', 'plain', '{"a":1', '{"a" 1]}', '[1] tail', '{a:1}', ']'])(
    '%j is no JSON',
    (text) => {
      expect(jsonLines(text)).toBeNull();
    },
  );

  it('gives up on nesting nobody reads', () => {
    expect(jsonLines('['.repeat(300) + ']'.repeat(300))).toBeNull();
  });

  it('keeps escapes and markup as text', () => {
    expect(shown('["<script>\\u0041\\""]')).toEqual(['[', '  "<script>\\u0041\\""', ']']);
  });
});
