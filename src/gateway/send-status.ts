/** What a server says became of a send: pure. */

import { SupervisorError, UnknownSenderError } from '../errors.js';
import { type Failure, failureOf } from '../wire/gateway/frames.js';

/** How much of an unknown id is repeated in the answer. */
const SHOWN_CHARS = 200;

/** Why it was not taken. */
export function statusFailure(sentId: string, error: Error): Failure {
  const about = { sentIds: [sentId] };
  if (error instanceof UnknownSenderError) {
    const what = `the sent_id ${JSON.stringify(sentId.slice(0, SHOWN_CHARS))} belongs to no module of this core`;
    return failureOf('SEND_UNKNOWN', `${what}; give the one that came with the send`, about);
  }
  return failureOf(error instanceof SupervisorError ? error.code : 'INVALID_ARGUMENT', error.message, about);
}
