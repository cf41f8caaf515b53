/*
 * The address is the only state of what is shown: path, filters in the query, free text and
 * patient references in the fragment alone, which no server's log and no Referer sees.
 */
import { computed, signal } from '@preact/signals';

import { type Address, formatAddress, parseAddress } from './address';

export const address = signal<Address>(parseAddress(location.href));
export const segments = computed(() => address.value.path.split('/').filter(Boolean));

/** How many the list on show has, for the document's title. */
export const titleCount = signal('');

/** Set while a form has unsaved changes: asked before the page is left. */
export const unsaved = signal<string | null>(null);

/* Asks before another page takes the place of what is not saved. */
function mayLeaveFor(next: Address): boolean {
  if (next.path === address.value.path) return true;
  if (unsaved.value && !window.confirm(unsaved.value)) return false;
  unsaved.value = null;
  return true;
}

let last: 'push' | 'replace' | 'back' = 'replace';

/** How the address that is shown was come to: "back" is forward, too. */
export const movedBy = (): typeof last => last;

export function go(to: Partial<Address> | string, how: 'push' | 'replace' = 'push'): void {
  const next: Address =
    typeof to === 'string'
      ? parseAddress(to)
      : { path: address.value.path, query: {}, fragment: {}, ...to };
  if (!mayLeaveFor(next)) return;
  last = how;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', formatAddress(next));
  address.value = next;
}

/** Changing a filter deletes the cursor; typing replaces, everything else is a step back. */
export function setFilter(changes: Record<string, string>, how: 'push' | 'replace' = 'push'): void {
  const { path, query, fragment } = address.value;
  const next = { ...query };
  const nextFragment = { ...fragment };
  delete next['cursor'];
  for (const [key, value] of Object.entries(changes)) {
    const target = key === 'q' ? nextFragment : next;
    if (value === '') delete target[key];
    else target[key] = value;
  }
  go({ path, query: next, fragment: nextFragment }, how);
}

window.addEventListener('popstate', () => {
  const next = parseAddress(location.href);
  last = 'back';
  if (mayLeaveFor(next)) address.value = next;
  else history.pushState(null, '', formatAddress(address.value));
});
window.addEventListener('hashchange', () => {
  address.value = parseAddress(location.href);
});
window.addEventListener('beforeunload', (event) => {
  if (unsaved.value) event.preventDefault();
});
