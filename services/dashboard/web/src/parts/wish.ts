import type { Preferences } from '../api/types';
import { prefer } from '../state/session';

import { problemText } from './problem';
import { say } from './toast';

/** A preference for now and, where the server can be reached, for ever. */
export function wish(changes: Preferences): void {
  prefer(changes).catch((problem: unknown) => {
    say(problemText(problem));
  });
}
