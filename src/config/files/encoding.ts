/** The text of a configuration file: UTF-8, or an error at the first byte that is not. */

import { isUtf8 } from 'node:buffer';
import { ConfigError } from '../../errors.js';
import { countCharacters } from '../text.js';

const REPLACEMENT = '\uFFFD';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** @throws ConfigError `CONFIG_SYNTAX` at the first byte that is not UTF-8 */
export function decodeText(bytes: Buffer, file: string): string {
  if (!isUtf8(bytes)) failEncoding(bytes, file);
  return bytes.toString('utf8');
}

/** Names the first byte that is not UTF-8: where the decoder put a replacement character that the file does not hold. */
function failEncoding(bytes: Buffer, file: string): never {
  const text = bytes.toString('utf8');
  let index = text.indexOf(REPLACEMENT);
  let offset = Buffer.byteLength(text.slice(0, index));
  while (bytes.subarray(offset, offset + 3).equals(REPLACEMENT_BYTES)) {
    const next = text.indexOf(REPLACEMENT, index + 1);
    offset += Buffer.byteLength(text.slice(index, next));
    index = next;
  }
  const lines = text.slice(text.startsWith('\uFEFF') ? 1 : 0, index).split('\n');
  const byte = `0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')}`;
  throw new ConfigError('CONFIG_SYNTAX', `found the byte ${byte}, expected text in UTF-8 (save the file as UTF-8)`, {
    file,
    line: lines.length,
    column: countCharacters(lines.at(-1) ?? '') + 1,
  });
}
