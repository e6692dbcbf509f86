import { describe, expect, it } from 'vitest';
import type { Journal, JournalRecord, RecordKind } from '../../../bench/soak/journal.js';
import { type Arrival, checkArrivals } from '../../../bench/soak/sends/check.js';
import { formatSendsResult } from '../../../bench/soak/sends/report.js';

/** A journal of these messages, each with what became of its send. */
function journalOf(...calls: [number: number, became: 'accepted' | 'refused' | 'unknown'][]): Journal {
  return new Map(
    calls.map(([number, became]) => {
      const record = (kind: RecordKind, value = 0): JournalRecord => {
        return { kind, pid: 1, number, hash: number * 10, refid: 0n, value };
      };
      const end = became === 'unknown' ? [] : [record('sent', became === 'accepted' ? 0 : -1)];
      return [number, [record('begun'), record('intended'), ...end]];
    }),
  );
}

const arrival = (number: number, sentId = `id-${number}`): Arrival => ({ sentId, number, hash: number * 10 });
const kindsOf = (journal: Journal, ...arrivals: Arrival[]) =>
  checkArrivals(journal, arrivals).violations.map(({ kind }) => kind);

describe('a comparison of the sends of a module with those that a server got', () => {
  const journal = journalOf([1, 'accepted'], [2, 'refused'], [3, 'accepted'], [4, 'unknown']);

  it('succeeds when all accepted messages came, even when some came twice or unknown ones came', () => {
    const { figures, violations } = checkArrivals(journal, [
      arrival(1),
      arrival(3),
      arrival(1),
      arrival(3),
      arrival(3),
      arrival(4),
    ]);
    expect(violations).toEqual([]);
    expect(figures).toEqual({ accepted: 2, refused: 1, delivered: 3, repeated: 3, cameTwice: 2 });
    expect(kindsOf(journal, arrival(1), arrival(3))).toEqual([]);
  });

  it('fails when one is lost, has two ids, was exchanged, or comes too early', () => {
    expect(kindsOf(journal, arrival(1))).toEqual(['lost']);
    expect(kindsOf(journal, arrival(1), arrival(3), arrival(1, 'other'))).toEqual(['renamed']);
    expect(kindsOf(journal, { ...arrival(1), hash: 1 }, arrival(3))).toEqual(['false']);
    expect(kindsOf(journal, arrival(1), arrival(3), arrival(9))).toEqual(['false', 'disordered']);
    expect(kindsOf(journal, arrival(3), arrival(1))).toEqual(['disordered']);
  });
});

it('the result says what broke, and how many came twice', () => {
  const figures = { accepted: 10, refused: 1, delivered: 9, repeated: 5, cameTwice: 3 };
  const lines = formatSendsResult({
    ...figures,
    violations: [{ kind: 'lost', text: 'message 7 was accepted and never came' }],
    seconds: 3,
    kills: 2,
    cuts: 4,
    unanswered: 6,
    directory: '/tmp/there',
  });
  expect(lines).toEqual([
    'sends       10 accepted, 1 refused, 9 delivered in 3.0 s (3/s)',
    'disturbed   the core was killed 2 times, the server was cut off 4 times',
    'came twice  3 sends came more than once, 5 times in all; each under its one id',
    'unanswered  6 events had no outcome when their connection ended',
    'violations  1',
    '  lost: message 7 was accepted and never came',
    '  the journal is in /tmp/there',
  ]);
});
