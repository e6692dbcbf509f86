/** Finds the message that somebody means: pure. */

import { findNearKey } from '../config/near-miss.js';
import { showText } from '../config/text.js';
import { SupervisorError } from '../errors.js';
import { listSome } from '../list-some.js';
import { coreCommand, sentence } from '../sentence.js';
import { digitsOf } from './entry.js';
import type { QuarantinedMessage } from './types.js';

/** Names in a message. */
const MOST_NAMES = 3;

/**
 * The message with an id.
 *
 * @param given - the id, its beginning, or the beginning of the digits behind the name of the module, if only one has it
 * @throws SupervisorError `QUARANTINE_UNKNOWN` when there is none; `INVALID_ARGUMENT` when several begin so
 */
export function findMessage(all: readonly QuarantinedMessage[], given: string): QuarantinedMessage {
  const exact = all.find(({ id }) => id === given);
  if (exact) return exact;
  const begin = given === '' ? [] : all.filter(({ id }) => id.startsWith(given) || digitsOf(id).startsWith(given));
  if (begin.length === 1) return begin[0] as QuarantinedMessage;
  if (begin.length > 1) {
    const names = listSome(
      begin.map(({ id }) => id),
      MOST_NAMES,
    );
    throw new SupervisorError('INVALID_ARGUMENT', `several messages begin with ${showText(given)}`, {
      remedy: `give more of the id: ${names}`,
    });
  }
  const near = findNearKey(
    given,
    all.map(({ id }) => id),
  );
  const remedy = near
    ? `did you mean ${near}?`
    : sentence`to see which there are: ${coreCommand('quarantine', 'list')}`;
  throw new SupervisorError('QUARANTINE_UNKNOWN', `no message in quarantine has the id ${showText(given)}`, { remedy });
}
