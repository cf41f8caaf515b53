/* Times: always absolute, in the reader's zone or in UTC, with the zone's name at hand. */
import { signal } from '@preact/signals';

import { serverNow } from '../api/client';

export const utc = signal(false);

export function zone(): string {
  return utc.value ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${zone()}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone(), hourCycle: 'h23' });
    formats.set(key, made);
  }
  return made;
}

const day: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: '2-digit' };
const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' };

export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** "21 Nov 2026, 09:30:00"; "" for none. */
export function formatTime(text: string | null | undefined): string {
  const ms = parseTime(text);
  return ms === null ? '' : format('time', { ...day, ...clock }).format(ms);
}

/** With milliseconds and the zone's offset at that date. */
export function formatExact(text: string | null | undefined): string {
  const ms = parseTime(text);
  return ms === null
    ? ''
    : format('exact', {
        ...day,
        ...clock,
        fractionalSecondDigits: 3,
        timeZoneName: 'longOffset',
      }).format(ms);
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "3 hours ago". */
export function formatAge(text: string | null | undefined): string {
  const ms = parseTime(text);
  if (ms === null) return '';
  const distance = ms - serverNow();
  for (const [unit, size] of units)
    if (Math.abs(distance) >= size || unit === 'second')
      return relative.format(Math.round(distance / size), unit);
  return '';
}

/** Milliseconds for a person: "12 ms", "3.4 s". */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '';
  if (ms < 1) return '< 1 ms';
  return ms < 1000 ? `${String(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A filter's time: "-24h", "-7d" are from now, everything else is an instant. */
export function resolveTime(text: string): string {
  const match = /^-(\d{1,5})([mhd])$/.exec(text);
  if (!match) return text;
  const size = { m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'm' | 'h' | 'd'];
  return new Date(serverNow() - Number(match[1]) * size).toISOString();
}

/** For a datetime-local field: the wall clock of the zone that is shown. */
export function wallTime(iso: string): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return '';
  const shift = utc.value ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - shift).toISOString().slice(0, 16);
}

/** And back. */
export function instantOf(wall: string): string {
  const ms = Date.parse(utc.value ? `${wall}Z` : wall);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}

/** The time between two instants: "+34 ms", "+3.4 s", "+5 min", "+2 d"; "" for none. */
export function formatGap(from: string | null | undefined, to: string | null | undefined): string {
  const a = parseTime(from);
  const b = parseTime(to);
  if (a === null || b === null || b <= a) return '';
  if (b - a < 1000) return `+${String(Math.round(b - a))} ms`;
  const seconds = (b - a) / 1000;
  if (seconds < 90) return `+${seconds.toFixed(1)} s`;
  if (seconds < 5400) return `+${String(Math.round(seconds / 60))} min`;
  if (seconds < 172_800) return `+${String(Math.round(seconds / 3600))} h`;
  return `+${String(Math.round(seconds / 86_400))} d`;
}
