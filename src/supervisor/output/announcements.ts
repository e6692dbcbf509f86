/** What hosts say, as the supervisor announces it: pure. */

import type { Log, Sent } from '../../wire/codec.js';
import { fromWireParams } from '../../wire/params.js';
import { textOf } from '../../wire/utf8.js';
import type { SentMessage } from '../types.js';
import { LINE_MAX_BYTES } from './output-reader.js';

/** A message that a module sent. */
export function toSentMessage(module: string, generation: number, { params, payload }: Sent): SentMessage {
  return { module, generation, params: fromWireParams(params ?? {}), payload: Buffer.from(payload ?? []) };
}

/** The text of a line that a module logged, without the end of the line. */
export function toLogText({ text }: Log): string {
  const bytes = text ?? new Uint8Array(0);
  const line = textOf(bytes, LINE_MAX_BYTES).replace(/\r?\n$/, '');
  return bytes.length > LINE_MAX_BYTES ? `${line} [line cut]` : line;
}
