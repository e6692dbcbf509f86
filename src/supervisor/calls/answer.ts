/** What a module answered, as the chain keeps it: pure. */

import type { WireParams } from '../../wire/params.js';
import type { DefaultReason, Verdict } from '../types.js';
import type { CallAnswer } from './pending-call.js';

/** Answers that change nothing share one object. */
export const PASSED: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
const CONSUMED: CallAnswer = { ...PASSED, verdict: 'consumed' };

/** The default verdicts of a module that passes on failure. */
export const PASSED_BY_DEFAULT = defaultsOf('pass');
/** The default verdicts of a module that consumes on failure. */
export const CONSUMED_BY_DEFAULT = defaultsOf('consumed');

/** The module's own verdict, with copies of what it changed. `params` and `payload` are views of a whole frame, which is not kept. */
export function toAnswer(value: number, params: WireParams | null, payload: Uint8Array | null): CallAnswer {
  if (params === null && payload === null) return value === 1 ? CONSUMED : PASSED;
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

/** Copies bytes, so that storing a few of them does not keep a whole frame or ring in memory. */
function detach(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength <= 2 * bytes.length ? bytes : Buffer.from(bytes);
}

function defaultsOf(verdict: Verdict): Record<DefaultReason, CallAnswer> {
  const of = (reason: DefaultReason): CallAnswer => ({ verdict, default: reason, params: null, payload: null });
  return {
    crash: of('crash'),
    hang: of('hang'),
    deadline: of('deadline'),
    down: of('down'),
    overload: of('overload'),
    quarantine: of('quarantine'),
  };
}
