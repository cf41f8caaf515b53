import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { en } from '../../text/en';

import { sections, shownSections, textOf, transports, valueOf } from './details';

/* The server's table of the extra details, as it is written: {"hl7": ["version" …], "": […]}. */
function serverTable(): string[] {
  const source = readFileSync('../../../common/settings/details.c', 'utf8');
  const tables = new Map<string, string[]>();
  for (const [, table = '', body = ''] of source.matchAll(
    /detail_key (\w+)_keys\[\] = \{(.*?)\n\};/gs,
  ))
    tables.set(
      table,
      [...body.matchAll(/\.name = "([^"]+)"/g)].map(([, name]) => name ?? ''),
    );
  const inner = [...tables.keys()].filter((name) => name !== 'detail');
  const top = (tables.get('detail') ?? []).filter((name) => !inner.includes(name));
  return [
    ...top,
    ...inner.flatMap((name) => (tables.get(name) ?? []).map((key) => `${name}.${key}`)),
  ];
}

const all = sections.flatMap((section) => section.details);

describe('the fields of the extra details', () => {
  it('are those that the server knows', () => {
    expect(new Set([...all.map((one) => one.path), 'transport'])).toEqual(new Set(serverTable()));
  });

  it('have words', () => {
    for (const { path } of all) expect(en).toHaveProperty([`detail.${path}`]);
  });

  it.each(transports)('of %s are shown with their section', (transport) => {
    const shown = shownSections(transport, 'basic').flatMap((section) => section.details);
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.some((one) => one.path === 'auth.token')).toBe(false);
  });

  it.each([
    [{ is: 'number' }, '5', 5],
    [{ is: 'number' }, '', ''],
    [{ is: 'lines' }, 'a\n b \n\n', ['a', 'b']],
    [{ is: 'text' }, ' a', ' a'],
  ] as const)('%j of %j is %j', (kind, said, wanted) => {
    expect(valueOf(kind, said)).toEqual(wanted);
    expect(valueOf(kind, textOf(wanted))).toEqual(wanted);
  });
});
