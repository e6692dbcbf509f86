/** What hosts say, as the supervisor announces it. */

import { createHash } from 'node:crypto';
import type { Log } from '../../wire/codec.js';
import { fromWireParams, toLong, type WireParams } from '../../wire/params.js';
import { textOf } from '../../wire/utf8.js';
import { detachParams } from '../calls/answer.js';
import type { SentRecord } from '../calls/sent-record.js';
import { LINE_MAX_BYTES } from '../runner/runner.js';
import type { SentMessage } from '../types.js';
import { formatSentId, type SentOrigin } from './sent-messages.js';

/**
 * A message that a module sent.
 *
 * @returns it as it is announced, and its parameters as they stay known; both with an id, if the module gave none
 */
export function toSentMessage(
  origin: SentOrigin,
  { params, payload, position, cause }: SentRecord,
): { message: SentMessage; params: WireParams } {
  const { module, generation } = origin;
  const kept = detachParams(params);
  const sentId = formatSentId(origin, position);
  if (!kept.id || kept.id.isZero()) kept.id = toLong('id', makeId(sentId));
  const message = {
    module,
    generation,
    sentId,
    params: fromWireParams(kept),
    payload: Buffer.from(payload),
    cause,
  };
  return { message, params: kept };
}

/** The same each time, because the message may be read again. It has 62 bits, so it is also positive as a signed number. */
function makeId(sentId: string): bigint {
  return BigInt.asUintN(62, createHash('sha256').update(sentId).digest().readBigUInt64LE()) || 1n;
}

/** The text of a line that a module logged, without the end of the line. */
export function toLogText({ text }: Log): string {
  const bytes = text ?? new Uint8Array(0);
  const line = textOf(bytes, LINE_MAX_BYTES).replace(/\r?\n$/, '');
  return bytes.length > LINE_MAX_BYTES ? `${line} [line cut]` : line;
}
