/* Single letters: whether they are wanted, and whose the next one is. */
import { preferences } from './session';

/* "g" was pressed: the next letter names a page, and is not the list's or the log's. */
let going = false;

export const isGoing = (): boolean => going;

export function setGoing(on: boolean): void {
  going = on;
}

export const lettersWanted = (): boolean => preferences.value.keys !== false;

/** No key acts behind an open dialog. */
export const dialogOpen = (): boolean => document.querySelector('dialog[open]') !== null;

export const isTyped = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) &&
  (target as HTMLInputElement).type !== 'checkbox';
