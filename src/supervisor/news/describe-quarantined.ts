/** A message that its module does not get again, in words. */

import { coreCommand, type Sentence, sentence } from '../../sentence.js';
import type { QuarantinedMessage } from '../types.js';

/** What became of the message, and what can be done about it. */
export function describeQuarantined({ id, messageId, from, crashes, until }: QuarantinedMessage): Sentence {
  const which = messageId === '0' ? 'a message without an id' : `message ${messageId}`;
  const often = crashes === 1 ? '' : ` ${crashes} times`;
  const what = `${which}${from === null ? '' : ` from ${JSON.stringify(from)}`} ended its process${often}`;
  const held = `it is in quarantine until ${until}, so this build does not get it again`;
  return sentence`${what}; ${held}; to look at it: ${coreCommand('quarantine', 'show', id)}`;
}
