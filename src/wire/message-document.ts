/** Messages as documents of JSON, as `send --json` prints them: pure. */

import type { MessageParams } from './params.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as it is; bytes that are not UTF-8 as `messageBase64`, beside a `message` that is `null`. */
export function messageFields(payload: Buffer): { message: string } | { message: null; messageBase64: string } {
  try {
    return { message: UTF8.decode(payload) };
  } catch {
    return { message: null, messageBase64: payload.toString('base64') };
  }
}

/** The parameters by their C names; ids are decimal strings, since a JSON number would round them. */
export function paramsFields(params: MessageParams): Record<string, string | number | null> {
  return {
    aid: String(params.aid),
    id: String(params.id),
    refid: String(params.refid),
    groupid: String(params.groupid),
    flags: params.flags,
    type: params.type,
    expiry: params.expiry,
    uflags: params.uflags,
    status: params.status,
    sid: String(params.sid),
    device: params.device,
    to: params.to,
    from: params.from,
  };
}
