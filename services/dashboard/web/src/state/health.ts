/* How the fleet is, as the stream pushes it: stores, held lanes, failed tasks. */
import { signal } from '@preact/signals';

import { get } from '../api/client';
import { listen } from '../api/stream';
import type { Health, HealthNow } from '../api/types';

export const health = signal<HealthNow | null>(null);

/** Asked for once, and after what this page changed; the rest is told. */
export async function askHealth(): Promise<void> {
  try {
    health.value = await get<Health>('health');
  } catch {
    // the stream tells
  }
}

let watching = false;

export function watchHealth(): void {
  if (watching) return;
  watching = true;
  void askHealth();
  listen('health', (data) => {
    health.value = data as HealthNow;
  });
  listen('resync', () => void askHealth());
}
