/** The checksum of LevelDB: CRC-32C, of which it keeps another form. */

/** Of 0x82f63b78, the polynomial with its bits in reverse. */
let tables: Int32Array | undefined;
const TABLES = 8;
const ENTRIES = 256;

/** The checksum of `bytes` from `from` up to `to`. It takes eight bytes at a time. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  tables ??= makeTables();
  const t = tables;
  let crc = -1;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    // The loop stops before the end of the array.
    const a =
      crc ^ (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
    crc =
      entry(t, 1792 + (a & 255)) ^
      entry(t, 1536 + ((a >>> 8) & 255)) ^
      entry(t, 1280 + ((a >>> 16) & 255)) ^
      entry(t, 1024 + (a >>> 24)) ^
      entry(t, 768 + byte(bytes, at + 4)) ^
      entry(t, 512 + byte(bytes, at + 5)) ^
      entry(t, 256 + byte(bytes, at + 6)) ^
      entry(t, byte(bytes, at + 7));
  }
  for (; at < to; at++) crc = entry(t, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** What LevelDB writes of a checksum. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function entry(table: Int32Array, at: number): number {
  return table[at] as number;
}

function makeTables(): Int32Array {
  const made = new Int32Array(TABLES * ENTRIES);
  for (let i = 0; i < ENTRIES; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    made[i] = crc;
  }
  for (let i = ENTRIES; i < made.length; i++) {
    const before = made[i - ENTRIES] as number;
    made[i] = (made[before & 255] as number) ^ (before >>> 8);
  }
  return made;
}
