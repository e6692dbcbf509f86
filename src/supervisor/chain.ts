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
  offer(event: CallEvent, deadlineMs: number, conversation: string, settled: (answer: CallAnswer) => void): void;
  /**
   * Lets an event by that the module is not offered, behind those of its conversation that are still in the module.
   *
   * @returns `false` when there are none: then `passed` is not called
   */
  follow(conversation: string, passed: () => void): boolean;
}

/** Which callback an event is for. */
export type Callback = 'on_message' | 'on_message_status' | 'on_login' | 'on_call' | 'on_call_status';

/** A decision, and the event as it now is. */
export interface ChainOutcome extends Decision {
  event: CallEvent;
}

/** An event on its way. */
export interface Journey {
  callback: Callback;
  event: CallEvent;
  conversation: string;
  /** Bounds the whole, on the clock of `performance.now()`; a module reached later gives its default at once. */
  endMs: number;
  /** The member that is not offered it. */
  skip?: string | undefined;
}

/**
 * Offers an event to each module that has the callback.
 *
 * @param done is called in the same turn as the last answer, so that the order of answers is that of outcomes
 */
export function runChain(
  members: readonly ChainMember[],
  { callback, event, conversation, endMs, skip }: Journey,
  done: (outcome: ChainOutcome) => void,
): void {
  const outcome: ChainOutcome = { verdict: 'pass', by: null, trace: [], event };
  let reached = 0;
  const goOn = (): void => {
    for (let member = members[reached++]; member; member = members[reached++]) {
      if (member.name !== skip && member.wants(callback)) {
        offer(member);
        return;
      }
      if (member.follow(conversation, goOn)) return;
    }
    done(outcome);
  };
  const offer = (member: ChainMember): void => {
    const began = performance.now();
    member.offer(outcome.event, Math.min(began + member.spec.deadlineMs, endMs), conversation, (answer) => {
      const micros = Math.round((performance.now() - began) * 1000);
      outcome.trace.push({ module: member.name, verdict: answer.verdict, default: answer.default, micros });
      outcome.event = applyChanges(outcome.event, answer);
      if (answer.verdict === 'consumed') {
        outcome.verdict = 'consumed';
        outcome.by = member.name;
        done(outcome);
      } else goOn();
    });
  };
  goOn();
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
