/** The body of a message for a terminal: pure. */

import { isUtf8 } from 'node:buffer';
import { escapeControl } from '../../../src/escape-control.js';

/** Bytes in a line. */
const IN_LINE = 16;
/** Of bytes that are no text so many are shown; `--json` has them all. */
const MOST_BYTES = 4096;

/** Text as it is, with control characters as escapes; anything else in hexadecimal. */
export function renderBody(bytes: Buffer): string[] {
  if (bytes.length === 0) return ['(empty)'];
  if (isUtf8(bytes)) return bytes.toString('utf8').split('\n').map(escapeControl);
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, MOST_BYTES); at += IN_LINE) lines.push(renderLine(bytes, at));
  const left = bytes.length - MOST_BYTES;
  return left > 0 ? [...lines, `... ${left} bytes more; --json has them all`] : lines;
}

function renderLine(bytes: Buffer, at: number): string {
  const piece = bytes.subarray(at, at + IN_LINE);
  const digits = [...piece].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const letters = [...piece].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${at.toString(16).padStart(8, '0')}  ${digits.padEnd(3 * IN_LINE - 1)}  ${letters}`;
}
