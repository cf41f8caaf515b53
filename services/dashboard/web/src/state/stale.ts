/*
 * After a deployment the page that is open is an old one: its parts may be gone from the
 * server. It says so and goes on; when to load the new one is the reader's choice.
 */
import { effect, signal } from '@preact/signals';

import { connection } from '../api/stream';

export const stale = signal(false);

const script = (html: string): string => /\/assets\/[\w.-]+\.js/.exec(html)?.[0] ?? '';

async function look(): Promise<void> {
  try {
    const answer = await fetch('/', { cache: 'no-cache', credentials: 'same-origin' });
    const there = answer.ok ? script(await answer.text()) : '';
    const own = document.querySelector<HTMLScriptElement>('script[type=module]')?.src ?? '';
    if (there && own && !own.endsWith(there)) stale.value = true;
  } catch {
    // asked again at the next reconnection
  }
}

/** A server that came back may be a newer one. */
export function watchForDeployment(): void {
  let lost = false;
  effect(() => {
    if (connection.value.word !== 'live') lost = true;
    else if (lost) {
      lost = false;
      void look();
    }
  });
  window.addEventListener('vite:preloadError', (event) => {
    event.preventDefault();
    stale.value = true;
  });
}
