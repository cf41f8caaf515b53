/* Who reads, what they may, and what they prefer. */
import { signal } from '@preact/signals';

import { call, get, Problem, setCsrfToken, whenExpired } from '../api/client';
import type { Me, Preferences, Role } from '../api/types';
import { utc } from '../format/time';

export const me = signal<Me | null>(null);
/** "start": not known yet; "out": nobody; "expired": was in, the page's state is kept. */
export const standing = signal<'start' | 'in' | 'out' | 'expired' | 'unreachable'>('start');
/** Counts up when a session that had ended was begun anew: what failed meanwhile is asked for again. */
export const renewed = signal(0);
export const preferences = signal<Preferences>({});

const ranks = { viewer: 0, operator: 1, admin: 2 } as const;

export function may(role: Role): boolean {
  return me.value !== null && ranks[me.value.role] >= ranks[role];
}

function applyTheme(theme: string | undefined): void {
  const root = document.documentElement;
  if (theme === 'light' || theme === 'dark') root.dataset['theme'] = theme;
  else delete root.dataset['theme'];
}

function applyDensity(compact: boolean | undefined): void {
  if (compact) document.documentElement.dataset['density'] = 'compact';
  else delete document.documentElement.dataset['density'];
}

/* Both at once: the page waits for them. */
const whoAndHow = (): Promise<[Me, Preferences]> =>
  Promise.all([get<Me>('me'), get<Preferences>('me/preferences').catch(() => ({}))]);

function entered([found, wishes]: [Me, Preferences]): void {
  me.value = found;
  setCsrfToken(found.csrf_token);
  preferences.value = wishes;
  applyTheme(preferences.value.theme);
  applyDensity(preferences.value.compact);
  utc.value = preferences.value.utc ?? false;
  standing.value = 'in';
}

export async function enter(): Promise<void> {
  try {
    entered(await whoAndHow());
  } catch (error) {
    standing.value = error instanceof Problem && error.status === 401 ? 'out' : 'unreachable';
  }
}

export async function logIn(login: string, password: string): Promise<void> {
  const again = standing.value === 'expired';
  const before = me.value?.login;
  await call('POST', 'session', { body: { login, password } });
  const found = await whoAndHow();
  // What is on show was for other eyes.
  if (again && found[0].login !== before) location.assign('/');
  entered(found);
  if (again) renewed.value++;
}

export async function logOut(): Promise<void> {
  try {
    await call('DELETE', 'session');
  } finally {
    location.assign('/');
  }
}

/** Shown at once; rejects where it could not be kept for the next visit. */
export async function prefer(changes: Preferences): Promise<void> {
  preferences.value = { ...preferences.value, ...changes };
  applyTheme(preferences.value.theme);
  applyDensity(preferences.value.compact);
  utc.value = preferences.value.utc ?? false;
  await call('PUT', 'me/preferences', { body: preferences.value });
}

whenExpired(() => {
  standing.value = standing.value === 'in' || standing.value === 'expired' ? 'expired' : 'out';
});

/* A page from the back-forward cache may show what a log-out should have cleared. */
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
