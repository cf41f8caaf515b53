/* From the address to the API's query, and back to words. Pure. */
import type { LogRow } from '../../api/types';
import type { Address } from '../../state/address';
import { resolveTime } from '../../format/time';

import type { Tab } from './columns';

export interface Filter {
  tab: Tab;
  lab: string;
  category: string;
  action: string;
  auth: string;
  integration: string;
  kind: string;
  status: string[];
  from: string;
  to: string;
  q: string;
}

export const statuses = ['SUCCESS', 'FAIL', 'QUEUED', 'SUPERSEDED', 'SUPPRESSED'] as const;
export const usualFrom = '-24h';

export function filterOf(tab: Tab, address: Address): Filter {
  const { query, fragment } = address;
  return {
    tab,
    lab: query['lab'] ?? '',
    category: query['category'] ?? '',
    action: query['action'] ?? '',
    auth: query['auth'] ?? '',
    integration: query['integration'] ?? '',
    kind: query['kind'] ?? '',
    status: (query['status'] ?? '').split(',').filter(Boolean),
    from: query['from'] ?? usualFrom,
    to: query['to'] ?? '',
    q: fragment['q'] ?? '',
  };
}

/** The other way: what the address says of a filter, what is usual left out. */
export function addressOf(filter: Filter): Address {
  const { lab, category, action, auth, integration, kind, status, from, to, q } = filter;
  const said = {
    lab,
    category,
    action,
    auth,
    integration,
    kind,
    status: status.join(','),
    from: from === usualFrom ? '' : from,
    to,
  };
  return {
    path: `/${filter.tab}`,
    query: Object.fromEntries(Object.entries(said).filter(([, value]) => value !== '')),
    fragment: q === '' ? {} : { q },
  };
}

/** What narrows a list besides its tab and its time: each can be taken away by itself. */
export const narrowing = [
  'lab',
  'category',
  'action',
  'auth',
  'integration',
  'kind',
  'status',
  'q',
] as const;
export type Narrowing = (typeof narrowing)[number];

export const narrowed = (filter: Filter): Narrowing[] =>
  narrowing.filter((name) => filter[name].length > 0);

export function without(filter: Filter, name: Narrowing): Filter {
  return { ...filter, [name]: name === 'status' ? [] : '' };
}

/** The API's parameters; "all" as `from` means no bound. */
export function apiQuery(filter: Filter): Record<string, string> {
  return {
    tab: filter.tab,
    lab_id: filter.lab,
    action_category_id: filter.category,
    action_id: filter.action,
    auth_id: filter.auth,
    integration_id: filter.integration,
    error_kind: filter.kind,
    status: filter.status.join(','),
    from: filter.from === 'all' ? '' : resolveTime(filter.from),
    to: filter.to === '' ? '' : resolveTime(filter.to),
    q: filter.q,
  };
}

/** Whether a changed row belongs into the list (as far as the page can say). */
export function belongs(row: LogRow, filter: Filter): boolean {
  const word = row.status === '' ? 'SUPPRESSED' : row.status;
  // a retried log of last week is none of the last hour's
  const since = filter.from === 'all' ? NaN : Date.parse(resolveTime(filter.from));
  if (Date.parse(row.inserted_at ?? '') < since) return false;
  if (filter.lab && String(row.lab_id) !== filter.lab) return false;
  if (filter.action && String(row.action_category_list_id) !== filter.action) return false;
  if (filter.auth && String(row.auth_id) !== filter.auth) return false;
  if (filter.integration && String(row.lab_integration_id) !== filter.integration) return false;
  if (filter.kind && row.error_kind !== filter.kind) return false;
  if (filter.tab === 'webhook' && row.integration_type === 'API') return false;
  if (filter.tab === 'api' && row.integration_type !== 'API') return false;
  if (filter.tab === 'errors' && word !== 'FAIL' && word !== 'QUEUED') return false;
  if (filter.status.length) return filter.status.includes(word);
  return word !== 'SUPPRESSED';
}

/** New rows can be told from the stream only where the filter says nothing that it cannot. */
export function followable(filter: Filter): boolean {
  return filter.q === '' && filter.to === '' && filter.category === '';
}

export type Reading =
  | { kind: 'log'; value: string }
  | { kind: 'number'; value: string }
  | { kind: 'words'; value: string }
  | null;

/** How the search box reads what was typed. */
export function readSearch(text: string): Reading {
  const value = text.trim();
  if (value === '') return null;
  if (/^[0-9a-f]{24}$/i.test(value)) return { kind: 'log', value: value.toLowerCase() };
  if (/^[0-9a-v]{20}$/i.test(value) && /\d/.test(value)) {
    const hex = base32hexToHex(value);
    if (hex) return { kind: 'log', value: hex };
  }
  if (/^\d{1,18}$/.test(value)) return { kind: 'number', value };
  return { kind: 'words', value };
}

/** MSH-10 (20 characters) to the log_id's 24 hex digits; null: it is none. */
export function base32hexToHex(text: string): string | null {
  let bits = 0n;
  for (const c of text.toLowerCase()) {
    const digit = '0123456789abcdefghijklmnopqrstuv'.indexOf(c);
    if (digit < 0) return null;
    bits = (bits << 5n) | BigInt(digit);
  }
  return text.length === 20 ? (bits >> 4n).toString(16).padStart(24, '0') : null;
}
