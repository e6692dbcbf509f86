/** The message that every program sends. */

/** All fields are in use, and the ids need all 64 bits. */
export const PARAMS = {
  aid: 2n ** 60n + 1n,
  id: 2n ** 60n + 2n,
  refid: 2n ** 60n + 3n,
  groupid: 2n ** 60n + 4n,
  sid: 2n ** 60n + 5n,
  flags: 5,
  type: 6,
  expiry: 7,
  uflags: 1,
  status: 9,
  device: 11,
  to: 'bob@example.com',
  from: 'alice@example.com',
};

/** What a message takes on our wire beside its payload, for peers that encode nothing. */
export const FRAME_BYTES = 166;
/** What its verdict takes. */
export const ANSWER_BYTES = 40;

/** The same as JSON can tell it. */
export const PLAIN_PARAMS: Record<string, string | number> = Object.fromEntries(
  Object.entries(PARAMS).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
);

/** A payload of that many letters, which no module takes for an order. */
export function makePayload(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'x');
}
