/** Records as the shim writes them, for tests: the layout is that of src/host-runner/native/shim.h. */

const MAGIC = 0x9e3779b97f4a7c15n;

/** What a record of a message holds. */
export interface Block {
  scalars?: bigint[];
  to?: Buffer | null;
  from?: Buffer | null;
  payload?: Buffer;
}

function record(position: number, kind: number, seq: number, body: Buffer): Buffer {
  const size = Math.ceil((24 + body.length) / 8) * 8;
  const out = Buffer.alloc(size);
  out.writeBigUInt64LE(BigInt(position) ^ MAGIC, 0);
  out.writeUInt32LE(size, 8);
  out.writeUInt32LE(kind, 12);
  out.writeBigUInt64LE(BigInt(seq), 16);
  body.copy(out, 24);
  return out;
}

function block({ scalars = [], to = null, from = null, payload = Buffer.alloc(0) }: Block): Buffer {
  const head = Buffer.alloc(104);
  scalars.forEach((value, i) => {
    head.writeBigUInt64LE(value, i * 8);
  });
  head.writeUInt32LE(to?.length ?? 0, 88);
  head.writeUInt32LE(from?.length ?? 0, 92);
  head.writeUInt32LE(payload.length, 96);
  head.writeUInt32LE((to ? 1 : 0) | (from ? 2 : 0), 100);
  const end = Buffer.alloc(1);
  return Buffer.concat([head, to ?? Buffer.alloc(0), end, from ?? Buffer.alloc(0), end, payload, end]);
}

/** A line. */
export function logRecord(position: number, level: number, text: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(level, 0);
  head.writeUInt32LE(text.length, 4);
  return record(position, 1, 0, Buffer.concat([head, text]));
}

/** A message that was sent. */
export function sendRecord(position: number, content: Block): Buffer {
  return record(position, 2, 0, block(content));
}

/** The end of a call; `changed` as in shim.h. */
export function resultRecord(position: number, seq: number, value: number, changed: number, content?: Block): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(value, 0);
  head.writeUInt32LE(77, 4);
  head.writeUInt32LE(changed, 8);
  return record(position, 3, seq, Buffer.concat([head, content ? block(content) : Buffer.alloc(0)]));
}
