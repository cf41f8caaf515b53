/* All texts of the page, in this folder for translation. {name} is filled in. */
import { frame } from './en-frame';
import { lists } from './en-lists';
import { log } from './en-log';
import { manage } from './en-manage';
import { operate } from './en-operate';
import { retry } from './en-retry';

export const en = { ...frame, ...lists, ...log, ...retry, ...manage, ...operate } as const;

/* By the plural rules of the language: one, other. */
const plurals = {
  'health.failed': { one: '{n} failed task', other: '{n} failed tasks' },
  'list.new': { one: '{n} new', other: '{n} new' },
  'list.ticked': { one: '{n} ticked', other: '{n} ticked' },
  'run.start': { one: 'Retry {n} delivery', other: 'Retry {n} deliveries' },
} as const;

export type TextKey = keyof typeof en;

function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An unknown key (a word of a newer server) is shown as it is. */
export function t(key: TextKey, values: Record<string, string> = {}): string {
  const text: string | undefined = en[key];
  return fill(text ?? key, values);
}

const rules = new Intl.PluralRules('en');

export function tn(
  key: keyof typeof plurals,
  n: number,
  values: Record<string, string> = {},
): string {
  return fill(plurals[key][rules.select(n) === 'one' ? 'one' : 'other'], values);
}
