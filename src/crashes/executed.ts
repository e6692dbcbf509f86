/** What a host executes, by the name that the author of a module knows. Pure. */

import { EVENT_KINDS, type ExecutedKind } from '../wire/event-kinds.js';

/** `on_message`, or `an http callback`. */
export function nameExecuted(kind: ExecutedKind): string {
  return kind === 'http' ? 'an http callback' : EVENT_KINDS[kind].callback;
}
