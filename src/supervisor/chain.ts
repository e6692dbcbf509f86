/** The chain: modules in configured order, each given what the one before it left; the first consumed ends it. */

import { performance } from 'node:perf_hooks';
import type { WireParams } from '../wire/params.js';
import type { CallAnswer, CallEvent } from './calls/pending-call.js';
import type { Decision } from './types.js';

/** What the chain needs of a module. */
export interface ChainMember {
  readonly name: string;
  readonly spec: { deadlineMs: number };
  wants(callback: string): boolean;
  offer(event: CallEvent, deadlineMs: number): Promise<CallAnswer>;
}

/** Which callback an event is for. */
export type Callback = 'on_message' | 'on_message_status' | 'on_login' | 'on_call' | 'on_call_status';

/** A decision, and the event as it now is. */
export interface ChainOutcome extends Decision {
  event: CallEvent;
}

/**
 * Offers an event to each module that has the callback.
 *
 * @param chainDeadlineMs bounds the whole; a module reached later gives its default at once
 */
export async function runChain(
  members: readonly ChainMember[],
  callback: Callback,
  event: CallEvent,
  chainDeadlineMs: number,
): Promise<ChainOutcome> {
  const outcome: ChainOutcome = { verdict: 'pass', by: null, trace: [], event };
  const endMs = performance.now() + chainDeadlineMs;
  for (const member of members) {
    if (!member.wants(callback)) continue;
    const began = performance.now();
    const answer = await member.offer(outcome.event, Math.min(began + member.spec.deadlineMs, endMs));
    const micros = Math.round((performance.now() - began) * 1000);
    outcome.trace.push({ module: member.name, verdict: answer.verdict, default: answer.default, micros });
    outcome.event = applyChanges(outcome.event, answer);
    if (answer.verdict === 'consumed') {
      outcome.verdict = 'consumed';
      outcome.by = member.name;
      break;
    }
  }
  return outcome;
}

/** The event with what a module changed in it. */
export function applyChanges(event: CallEvent, answer: CallAnswer): CallEvent {
  if (event.message && (answer.params || answer.payload)) {
    const params: WireParams = answer.params ?? event.message.params ?? {};
    return { message: { params, payload: answer.payload ?? event.message.payload ?? new Uint8Array(0) } };
  }
  if (event.status && answer.params) return { status: answer.params };
  return event;
}
