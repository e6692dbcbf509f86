/** The evidence of a run without any fault, which each test then falsifies. */

import type { DefaultReason, Outcome } from 'mesibo-modules';
import { stepsOf } from '../../../bench/soak/check-call.js';
import type { Answer, Evidence } from '../../../bench/soak/evidence.js';
import type { JournalRecord } from '../../../bench/soak/journal.js';
import { makeMessage, ORDER, ordersOf, passThrough } from '../../../bench/soak/message.js';

const SEED = 7;

/** Evidence of messages 1 to `messages`, each answered in 3 ms by modules that were never disturbed. */
export function honestEvidence(messages = 200): Evidence {
  const evidence: Evidence = {
    messages,
    original: (number) => makeMessage(SEED, number, null),
    members: (['pass', 'consumed', 'pass'] as const).map((defaultVerdict, slot) => {
      return { name: `journal_${slot}`, defaultVerdict, journal: new Map() };
    }),
    answers: [],
    deliveries: [],
    changes: [],
    absences: [],
    limits: { deadlineMs: 1000, chainDeadlineMs: 2500 },
  };
  for (let number = 1; number <= messages; number++) evidence.answers.push(honestAnswer(evidence, number));
  return evidence;
}

function honestAnswer({ original, members, deliveries }: Evidence, number: number): Answer {
  const trace: Outcome['trace'] = [];
  let message = original(number);
  let by: string | null = null;
  for (const [slot, { name, journal }] of members.entries()) {
    if (by !== null) break;
    const steps = stepsOf(message, slot).map((step): JournalRecord => ({ ...step, pid: 100 + slot, number }));
    journal.set(number, steps);
    for (const { kind, hash, refid } of steps) {
      if (kind === 'intended') deliveries.push({ module: name, number, hash, refid });
    }
    if (ordersOf(message, slot) & ORDER.consume) by = name;
    message = passThrough(message, slot);
    trace.push({ module: name, verdict: by === null ? 'pass' : 'consumed', default: null, micros: 1000 });
  }
  const params = { id: BigInt(number), refid: message.refid } as Outcome['params'];
  const outcome = { verdict: by === null ? ('pass' as const) : ('consumed' as const), by, trace, params };
  return { number, offeredMs: number, answeredMs: number + 3, outcome: { ...outcome, payload: message.payload } };
}

/** The first message for which the module of a slot did the wanted thing, with the evidence to falsify. */
export function find(evidence: Evidence, slot: number, wanted: (call: JournalRecord[]) => boolean) {
  for (const answer of evidence.answers) {
    const call = evidence.members[slot]?.journal.get(answer.number);
    const entry = answer.outcome.trace[slot];
    if (call && entry && wanted(call)) return { answer, call, entry };
  }
  throw new Error('no such message; draw more');
}

/** Whether the module passed it and sent nothing. */
export const passes = (call: JournalRecord[]): boolean => call.length === 2 && call[1]?.value === 0;
/** Whether the module consumed it. */
export const consumes = (call: JournalRecord[]): boolean => call.at(-1)?.value === 1;
/** Whether the module sent something, and passed. */
export const sends = (call: JournalRecord[]): boolean => call.length === 4 && call[3]?.value === 0;

/**
 * Makes the last module die at work on a message for which it would have sent something.
 *
 * @param kept steps that it still journalled; with 2 of them it had sent it and not noted that yet
 */
export function killLast(evidence: Evidence, reason: DefaultReason, kept: number): void {
  const { answer, call, entry } = find(evidence, 2, sends);
  call.length = kept;
  entry.default = reason;
  const left = [0, 1].reduce(passThrough, evidence.original(answer.number));
  answer.outcome.payload = left.payload;
  answer.outcome.params.refid = left.refid;
  if (kept < 2) removeDelivery(evidence, entry.module, answer.number);
}

/** Has the core not deliver what a module sent for a message. */
export function removeDelivery(evidence: Evidence, module: string, number: number): void {
  evidence.deliveries = evidence.deliveries.filter((one) => one.module !== module || one.number !== number);
}
