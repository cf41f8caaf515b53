/* The live stream as the page sees it: its state in words, and whoever listens to its events. */
import { signal } from '@preact/signals';

import workerUrl from '../stream-worker.ts?sharedworker&url';
import { serverNow } from './client';
import { StreamSource, type StreamMessage } from './stream-source';

export type Connection = { word: 'live' | 'reconnecting' } | { word: 'offline'; since: string };

export const connection = signal<Connection>({ word: 'reconnecting' });

type Listener = (data: unknown) => void;
const listeners = new Map<string, Set<Listener>>();

/** Returns what ends it. */
export function listen(name: string, listener: Listener): () => void {
  const set = listeners.get(name) ?? new Set();
  listeners.set(name, set);
  set.add(listener);
  return () => {
    set.delete(listener);
  };
}

const offlineAfterMs = 15_000;
let lostAt: number | null = null;

function onState(state: 'live' | 'reconnecting'): void {
  if (state === 'live') {
    lostAt = null;
    connection.value = { word: 'live' };
  } else if (connection.value.word === 'live' || lostAt === null) {
    lostAt = serverNow();
    connection.value = { word: 'reconnecting' };
  }
}

setInterval(() => {
  if (lostAt !== null && serverNow() - lostAt > offlineAfterMs)
    connection.value = { word: 'offline', since: new Date(lostAt).toISOString() };
}, 1000);

/* Events are applied once per animation frame, however many come. */
let waiting: [string, unknown][] = [];

function apply(): void {
  const now = waiting;
  waiting = [];
  for (const [name, data] of now) for (const listener of listeners.get(name) ?? []) listener(data);
}

function onMessage(message: StreamMessage): void {
  if (message.kind === 'state') {
    onState(message.state);
    return;
  }
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    return;
  }
  if (waiting.length === 0) {
    // A hidden page draws no frames; its events must not pile up.
    if (document.hidden) setTimeout(apply, 250);
    else requestAnimationFrame(apply);
  }
  waiting.push([message.name, data]);
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

/* The built worker's address, which the policy "app-worker" alone lets through. */
function workerAddress(): string {
  const types = (window as unknown as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (!types) return workerUrl;
  const policy = types.createPolicy('app-worker', {
    createScriptURL: (given) => (given === workerUrl ? given : ''),
  });
  return policy.createScriptURL(workerUrl);
}

let poke: (() => void) | null = null;

/** Opens it; where it is open already, tries at once to have it live again. */
export function openStream(): void {
  if (poke) {
    poke();
    return;
  }
  if (typeof SharedWorker === 'undefined') {
    const source = new StreamSource(onMessage);
    poke = () => {
      source.poke();
    };
    // Six connections are all that a browser has: a tab that nobody sees gives its own back.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) source.rest();
      else source.poke();
    });
    return;
  }
  const worker = new SharedWorker(workerAddress(), { type: 'module', name: 'stream' });
  worker.port.onmessage = (event: MessageEvent<StreamMessage>) => {
    onMessage(event.data);
  };
  poke = () => {
    worker.port.postMessage('poke');
  };
  window.addEventListener('pagehide', () => {
    worker.port.postMessage('bye');
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) worker.port.postMessage('poke');
  });
}
