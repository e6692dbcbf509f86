/** Text as bytes of UTF-8, which a module may have filled with anything. */

/** The text of the first bytes, at most `maxBytes` of them, not ending within a character. */
export function textOf(bytes: Uint8Array, maxBytes: number): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('utf8', 0, buffer.length > maxBytes ? wholeCharacters(buffer, maxBytes) : buffer.length);
}

/** How many bytes up to `end` are whole characters. Invalid UTF-8 is not checked closely. */
export function wholeCharacters(bytes: Uint8Array, end: number): number {
  for (let back = 0; back < 4 && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    // The byte at `end` is the first that is left out: a character may be cut there unless it continues one.
    if ((byte & 0xc0) !== 0x80) return end - back;
  }
  return end;
}
