/** Compares the journal of a module for one call with the message that it got, and with its verdict: pure. */

import type { DefaultReason, TraceEntry } from 'mesibo-modules';
import type { Violation } from './evidence.js';
import type { JournalRecord, RecordKind } from './journal.js';
import { hashOf, type Message, ORDER, ordersOf, passThrough } from './message.js';

/** Reasons for a default before the module is called: it must not have seen the message. */
const BEFORE_THE_MODULE: readonly DefaultReason[] = ['down', 'overload'];

/** What a call of an undisturbed module journals. */
type Step = Pick<JournalRecord, 'kind' | 'hash' | 'refid' | 'value'>;

/** The steps of a call for a message, as it is when it reaches the module of a slot. */
export function stepsOf(before: Message, slot: number): Step[] {
  const after = passThrough(before, slot);
  const orders = ordersOf(before, slot);
  const step = (kind: RecordKind, { payload, refid }: Message, value = 0): Step => {
    return { kind, hash: hashOf(payload), refid, value };
  };
  const begun = step('begun', before);
  if (orders & ORDER.hang) return [begun, step('hanging', after)];
  const send = orders & ORDER.send ? [step('intended', after), step('sent', after)] : [];
  return [begun, ...send, step('decided', after, orders & ORDER.consume ? 1 : 0)];
}

/**
 * Judges one call. When the verdict is a default, the journal may end anywhere: the module was killed there, or answered too
 * late. When the verdict is the module's own, the journal must be complete. It never holds anything else.
 *
 * @param entry what the core says that came of the call
 */
export function checkCall(before: Message, slot: number, entry: TraceEntry, journal: JournalRecord[]): Violation[] {
  const steps = stepsOf(before, slot);
  const said = (kind: Violation['kind'], what: string): Violation[] => [{ kind, text: `${entry.module}: ${what}` }];

  if (count(journal, 'begun') > 1) return said('doubled', `was given it ${count(journal, 'begun')} times`);
  if (journal.some(({ pid }) => pid !== journal[0]?.pid)) return said('journal', 'two processes worked at it');
  for (const [i, record] of journal.entries()) {
    const step = steps[i];
    if (!step || !matches(record, step)) {
      return said('journal', `journalled ${show(record)}, expected ${step ? show(step) : 'nothing more'}`);
    }
  }
  if (entry.default !== null) {
    if (journal.length === 0 || !BEFORE_THE_MODULE.includes(entry.default)) return [];
    return said(
      'journal',
      `is said to have been passed over (${entry.default}), and journalled ${journal.length} steps`,
    );
  }
  if (journal.length < steps.length) {
    return said('journal', `has a verdict of its own, and journalled ${journal.length} of ${steps.length} steps`);
  }
  const decided = journal.at(-1);
  if (decided?.kind === 'decided' && entry.verdict === (decided.value === 1 ? 'consumed' : 'pass')) return [];
  return said('journal', `is said to have answered ${entry.verdict}, and journalled ${decided && show(decided)}`);
}

function matches(record: JournalRecord, step: Step): boolean {
  // A send may be refused. Another check looks at what is delivered then.
  const value = record.value === step.value || (record.kind === 'sent' && record.value === -1);
  return value && record.kind === step.kind && record.hash === step.hash && record.refid === step.refid;
}

function count(journal: JournalRecord[], kind: RecordKind): number {
  return journal.filter((record) => record.kind === kind).length;
}

function show({ kind, hash, refid, value }: Step): string {
  return `${kind} ${value} with payload ${hash.toString(16)}, refid ${refid.toString(16)}`;
}
