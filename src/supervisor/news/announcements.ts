/** What hosts say, as the supervisor announces it. */

import { randomUUID } from 'node:crypto';
import type { Log, Sent } from '../../wire/codec.js';
import { fromWireParams, toLong, type WireParams } from '../../wire/params.js';
import { textOf } from '../../wire/utf8.js';
import { detachParams } from '../calls/answer.js';
import { LINE_MAX_BYTES } from '../runner/runner.js';
import type { SentMessage } from '../types.js';
import { formatSentId, type SentOrigin } from './sent-messages.js';

/**
 * A message that a module sent.
 *
 * @param serial see {@link formatSentId}
 * @returns it as it is announced, and its parameters as they stay known; both with an id, if the module gave none
 */
export function toSentMessage(
  origin: SentOrigin,
  serial: string,
  { params, payload }: Sent,
): { message: SentMessage; params: WireParams } {
  const { module, generation } = origin;
  const kept = detachParams(params ?? {});
  if (!kept.id || kept.id.isZero()) kept.id = toLong('id', makeId());
  const sentId = formatSentId(origin, serial);
  const message = {
    module,
    generation,
    sentId,
    params: fromWireParams(kept),
    payload: Buffer.from(payload ?? []),
    cause: null,
  };
  return { message, params: kept };
}

/** Positive for whoever takes it for signed: the last 62 bits, all random, of what Node makes ahead in large numbers. */
function makeId(): bigint {
  return BigInt.asUintN(62, BigInt(`0x${randomUUID().slice(19).replace('-', '')}`)) || 1n;
}

/** The text of a line that a module logged, without the end of the line. */
export function toLogText({ text }: Log): string {
  const bytes = text ?? new Uint8Array(0);
  const line = textOf(bytes, LINE_MAX_BYTES).replace(/\r?\n$/, '');
  return bytes.length > LINE_MAX_BYTES ? `${line} [line cut]` : line;
}
