import { describe, expect, it } from 'vitest';
import type { PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import { type LedgerEnd, settleCalls } from '../../../../src/supervisor/calls/settle.js';
import { makeCall } from '../../../helpers/calls.js';

const header = (currentSeq: number, currentEvent: 'message' | 'http' | null = null) =>
  ({ currentSeq, currentEvent }) as Parameters<typeof settleCalls>[0];
const message = () => makeCall({ message: {} });
const notification = () => makeCall({ call: {} });
type Held = [seq: number, pending: PendingCall][];

function settle(box: Parameters<typeof settleCalls>[0], link: Partial<Omit<LedgerEnd, 'held'>> & { held: Held }) {
  for (const [seq, pending] of link.held) pending.seq = seq;
  const held = link.held.map(([, pending]) => pending);
  const end = { lastSeq: 9, lastAnswered: { message: 0, notification: 0 }, crashed: true, ...link, held };
  const { lost, unseen } = settleCalls(box, end);
  const seqOf = (pending: PendingCall) => link.held.find(([, held]) => held === pending)?.[0];
  return { lost: lost.map(seqOf), unseen: unseen.map(seqOf) };
}

describe('calls of one lane', () => {
  it.each([
    ['the call that was being executed, and those behind it', 5, 4, [5], [6, 7]],
    ['a call before it whose result is missing', 6, 4, [5, 6], [7]],
    ['all, when the host died between two', 0, 4, [], [5, 6, 7]],
    ['a call before the last answered one', 0, 6, [5, 6], [7]],
    ['all, when the box names a call that was never given', 10, 4, [5, 6, 7], []],
    ['all, when the box names one that was answered', 3, 4, [], [5, 6, 7]],
  ])('%s', (_, current, lastAnswered, lost, unseen) => {
    const held: Held = [5, 6, 7].map((seq) => [seq, message()]);
    const answered = { message: lastAnswered, notification: 0 };
    expect(settle(header(current), { held, lastAnswered: answered })).toEqual({ lost, unseen });
  });

  it('all are lost when the box cannot be read', () => {
    expect(settle(null, { held: [[9, message()]] })).toEqual({ lost: [9], unseen: [] });
  });
});

describe('calls of two lanes', () => {
  const held = (): Held => [
    [1, notification()],
    [2, message()],
    [3, notification()],
    [4, message()],
  ];

  it.each([
    ['a message overtakes notifications', 2, { message: 0, notification: 0 }, [2], [1, 3, 4]],
    ['a notification is executed when messages are done', 1, { message: 0, notification: 0 }, [1], [2, 3, 4]],
    ['answers of one lane tell nothing of the other', 0, { message: 4, notification: 0 }, [2, 4], [1, 3]],
    ['a call that was never given may be of either', 99, { message: 0, notification: 0 }, [1, 2, 3, 4], []],
  ])('%s', (_, current, lastAnswered, lost, unseen) => {
    expect(settle(header(current), { held: held(), lastAnswered, crashed: false })).toEqual({ lost, unseen });
  });
});

describe('a call that was next each time a host crashed without naming a call', () => {
  it('is offered again twice, and then lost, in either lane; later calls are not lost', () => {
    const held: Held = [
      [1, notification()],
      [2, message()],
      [3, message()],
      [4, notification()],
    ];
    for (let i = 0; i < 2; i++) expect(settle(header(0), { held })).toEqual({ lost: [], unseen: [1, 2, 3, 4] });
    expect(settle(header(0), { held })).toEqual({ lost: [1, 2], unseen: [3, 4] });
  });

  it('is not suspected when the host was killed by others, or named the call that it executed', () => {
    const held: Held = [
      [1, message()],
      [2, message()],
    ];
    for (let i = 0; i < 5; i++) {
      expect(settle(header(0), { held, crashed: false }).unseen).toEqual([1, 2]);
      expect(settle(header(1), { held }).unseen).toEqual([2]);
      expect(settle(header(0, 'http'), { held }).unseen).toEqual([1, 2]);
    }
  });
});
