/** Reads a frame that stands between others: their bytes must not count. */

const OTHERS = ['120e09010000000000000010011a0161', '120b0901020304050607083200'].map((hex) => Buffer.from(hex, 'hex'));

export function among<T>(bytes: Buffer, read: (bytes: Buffer, from: number, to: number) => T): T {
  const [before, behind] = OTHERS as [Buffer, Buffer];
  return read(Buffer.concat([before, bytes, behind]), before.length, before.length + bytes.length);
}
