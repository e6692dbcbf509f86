/** Checks that each message had one answer, and the right one: pure. */

import { checkCall } from './check-call.js';
import type { Absence, Answer, Evidence, Violation, ViolationKind } from './evidence.js';
import { passThrough } from './message.js';

/** A verdict may be this late, because timers of a busy process are late. */
const LATE_MS = 100;

/** Judges the answers to all messages. */
export function checkAnswers(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const answers = new Map<number, Answer>();
  for (const answer of evidence.answers) {
    if (answers.has(answer.number)) violations.push(violation('doubled', answer.number, 'was answered twice'));
    answers.set(answer.number, answer);
  }
  for (let number = 1; number <= evidence.messages; number++) {
    const answer = answers.get(number);
    if (answer) violations.push(...checkAnswer(evidence, answer));
    else violations.push(violation('lost', number, 'was never answered'));
  }
  return violations;
}

function checkAnswer(evidence: Evidence, answer: Answer): Violation[] {
  const { number, outcome } = answer;
  const broken = findTraceProblem(evidence, answer);
  // Without a trace to follow, nothing else can be said of it.
  if (broken !== null) return [violation('trace', number, broken)];

  const violations: Violation[] = [];
  let message = evidence.original(number);
  for (const [slot, { name, journal }] of evidence.members.entries()) {
    const entry = outcome.trace.find(({ module }) => module === name);
    const call = journal.get(number) ?? [];
    if (entry) {
      for (const { kind, text } of checkCall(message, slot, entry, call))
        violations.push(violation(kind, number, text));
      if (entry.default === null) message = passThrough(message, slot);
    } else if (call.length > 0) {
      violations.push(violation('journal', number, `the chain went by without slot ${slot}, which was given it`));
    }
  }
  if (!outcome.payload.equals(message.payload)) {
    violations.push(violation('message', number, 'its payload is not what the modules left'));
  }
  if (outcome.params.refid !== message.refid || outcome.params.id !== BigInt(number)) {
    violations.push(violation('message', number, 'its parameters are not what the modules left'));
  }
  return [...violations, ...checkTimes(evidence, answer)];
}

function findTraceProblem({ members, absences }: Evidence, answer: Answer): string | null {
  const { trace, verdict, by } = answer.outcome;
  const last = trace.at(-1);
  let place = 0;
  for (const { name, defaultVerdict } of members) {
    const entry = trace[place];
    if (entry?.module !== name) {
      // The message does not reach modules behind the one that consumed it. A module missing before that was not in the chain.
      if (last?.verdict === 'consumed' && place === trace.length) break;
      if (absences.some((absence) => absence.module === name && overlaps(absence, answer))) continue;
      return entry ? `${entry.module} comes in the place of ${name}` : `the chain ended before ${name}`;
    }
    place += 1;
    if (entry !== last && entry.verdict === 'consumed') return `${name} consumed it, and the chain went on`;
    if (entry.default !== null && entry.verdict !== defaultVerdict) return `${name} has the verdict ${entry.verdict}`;
  }
  if (place < trace.length) return `${trace[place]?.module} comes in place ${place}`;
  const expectedBy = last?.verdict === 'consumed' ? last.module : null;
  if (verdict !== (last?.verdict ?? 'pass') || by !== expectedBy) {
    return `the answer ${verdict} by ${by} is not that of the trace`;
  }
  return null;
}

function overlaps({ fromMs, toMs }: Absence, { offeredMs, answeredMs }: Answer): boolean {
  return offeredMs <= (toMs ?? Number.POSITIVE_INFINITY) && answeredMs >= fromMs;
}

function checkTimes(
  { limits, members, absences }: Evidence,
  { number, offeredMs, answeredMs, outcome }: Answer,
): Violation[] {
  const violations: Violation[] = [];
  for (const { module, micros } of outcome.trace) {
    if (micros <= (limits.deadlineMs + LATE_MS) * 1000) continue;
    violations.push(violation('late', number, `${module}: the verdict took ${Math.round(micros / 1000)} ms`));
  }
  const wholeMs = answeredMs - offeredMs;
  // It may wait for earlier messages of its conversation, and these have the time of the whole chain. Where modules come and
  // go, it may wait twice: before it goes in, and before it is answered.
  const waits = absences.length > 0 ? 2 : 1;
  const limitMs = Math.min(limits.chainDeadlineMs, waits * members.length * limits.deadlineMs) + LATE_MS;
  if (wholeMs > limitMs) violations.push(violation('late', number, `the answer took ${Math.round(wholeMs)} ms`));
  return violations;
}

function violation(kind: ViolationKind, number: number, what: string): Violation {
  return { kind, text: `message ${number}: ${what}` };
}
