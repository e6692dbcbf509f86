/** What a module answered, as the chain keeps it: pure. */

import type { Result } from '../../wire/codec.js';
import type { WireParams } from '../../wire/params.js';
import type { CallAnswer } from './pending-call.js';

/** The module's own verdict, with what it changed. It holds no memory beside that: a result is a view of its frame. */
export function toAnswer({ value, params, payload }: Result): CallAnswer {
  return {
    verdict: value === 1 ? 'consumed' : 'pass',
    default: null,
    params: params ? detachParams(params) : null,
    payload: payload ? detach(payload) : null,
  };
}

/** Parameters that may be kept: they hold no memory beside their own. */
export function detachParams(params: WireParams): WireParams {
  const { to, from } = params;
  return { ...params, ...(to ? { to: detach(to) } : {}), ...(from ? { from: detach(from) } : {}) };
}

/** Copies bytes that would keep much more alive than they are: whoever stores a few would keep a frame, or a whole ring. */
function detach(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength <= 2 * bytes.length ? bytes : Buffer.from(bytes);
}
