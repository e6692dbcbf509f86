/** Checks that every message that modules sent was delivered once, and nothing else: pure. */

import type { Delivery, Evidence, Violation } from './evidence.js';
import type { JournalRecord } from './journal.js';

/**
 * Judges the messages that modules sent. A send with a success in the journal must have been delivered. One with only an intent
 * may have been, because the module may have died between the two. Nothing may be delivered twice or without an intent.
 */
export function checkSends(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const delivered = new Map<string, Map<number, Delivery>>(evidence.members.map(({ name }) => [name, new Map()]));
  for (const delivery of evidence.deliveries) {
    const { module, number } = delivery;
    const ofModule = delivered.get(module);
    if (ofModule?.has(number)) violations.push({ kind: 'send-doubled', text: `${show(delivery)} was delivered twice` });
    ofModule?.set(number, delivery);
    const call = evidence.members.find(({ name }) => name === module)?.journal.get(number) ?? [];
    const problem = findFalsehood(delivery, call);
    if (problem) violations.push({ kind: 'send-false', text: `${show(delivery)} ${problem}` });
  }
  for (const { name: module, journal } of evidence.members) {
    for (const [number, call] of journal) {
      if (delivered.get(module)?.has(number) || !call.some(isSuccess)) continue;
      violations.push({ kind: 'send-lost', text: `${show({ module, number })} succeeded and was not delivered` });
    }
  }
  return violations;
}

function findFalsehood({ hash, refid }: Delivery, call: JournalRecord[]): string | null {
  const intent = call.find(({ kind }) => kind === 'intended');
  if (!intent) return 'was delivered, and the module had not intended it';
  if (intent.hash !== hash || intent.refid !== refid) return 'is not the one that the module sent';
  const refused = call.some(({ kind, value }) => kind === 'sent' && value !== 0);
  return refused ? 'was delivered, and the module had been told that it was refused' : null;
}

function isSuccess({ kind, value }: JournalRecord): boolean {
  return kind === 'sent' && value === 0;
}

function show({ module, number }: Pick<Delivery, 'module' | 'number'>): string {
  return `the send of ${module} for message ${number}`;
}
