/** Checks that the messages of each conversation stayed in order, at every module and for the caller: pure. */

import type { Evidence, Violation } from './evidence.js';
import { senderOf } from './message.js';

/** Judges the order in which modules began with messages, and that of the answers. */
export function checkOrder({ members, answers }: Evidence): Violation[] {
  const atModules = members.flatMap(({ name, journal }) => findOvertaken(name, journal.keys()));
  return [
    ...atModules,
    ...findOvertaken(
      'the caller',
      answers.map(({ number }) => number),
    ),
  ];
}

function findOvertaken(where: string, numbers: Iterable<number>): Violation[] {
  const violations: Violation[] = [];
  const last = new Map<string, number>();
  for (const number of numbers) {
    const sender = senderOf(number);
    const before = last.get(sender) ?? 0;
    if (number < before) {
      violations.push({ kind: 'disorder', text: `message ${number}: came to ${where} after ${before} of ${sender}` });
    }
    last.set(sender, Math.max(number, before));
  }
  return violations;
}
