import { expect, it } from 'vitest';
import { groupCards, isSamePlace, withoutGroups } from '../../../src/crashes/group-cards.js';
import { card, frame, hostFrame } from '../../helpers/crash-cards.js';

let number = 0;
function at(changes: Parameters<typeof card>[0] = {}) {
  number += 1;
  const second = String(number % 60).padStart(2, '0');
  return card({ id: `filter-20261130T1301${second}Z-${number}`, time: `2026-11-30T13:01:${second}.000Z`, ...changes });
}

it('the same crash is one, with its count, its first time and its last card', () => {
  const cards = [at(), at({ signal: 'SIGABRT' }), at(), at()];
  const [first, second] = groupCards(cards);
  expect(first).toMatchObject({ count: 3, since: cards[0]?.time, last: cards[3] });
  expect(first?.ids).toEqual([cards[3]?.id, cards[2]?.id, cards[0]?.id]);
  expect(second).toMatchObject({ count: 1, last: cards[1] });
  expect(withoutGroups(cards).map(({ last, count }) => [last.id, count])).toEqual(
    cards.toReversed().map(({ id }) => [id, 1]),
  );
});

it.each([
  ['module', { module: 'other' }],
  ['build', { sha256: 'cd'.repeat(32) }],
  ['cause', { cause: 'hang' as const }],
  ['signal', { signal: 'SIGBUS' }],
  ['exit code', { exitCode: 7 }],
  ['line', { frames: [frame({ offset: '0x1150', line: 50 }), hostFrame()] }],
  ['caller', { frames: [frame(), frame({ offset: '0x2000', function: 'other' })] }],
])('another %s makes it another crash', (_, changes) => {
  expect(groupCards([at(), at(changes)])).toHaveLength(2);
});

it('the address in the process, the thread and what symbols there are make no difference', () => {
  const bare = frame({ function: null, source: null, line: null, address: '0x7e0000001139' });
  const inlined = frame({ function: 'inner', isInlined: true });
  const copy = frame({ object: '/var/lib/mesibo-modules/builds/ab/modules/module_filter.so' });
  const cards = [[frame()], [bare], [inlined, frame()], [copy]].map((frames) => at({ frames }));
  expect(groupCards([...cards, at({ frames: [frame()], pid: 99, thread: null })])).toHaveLength(1);
});

it('a hang is one wherever in the function it was looked at, and a stack overflow wherever it ended', () => {
  const other = [frame({ offset: '0x1170', line: 47 }), frame({ offset: '0x9', function: 'caller' })];
  for (const same of [{ cause: 'hang' as const }, { isOverflow: true }])
    expect(groupCards([at(same), at({ ...same, frames: other })])).toHaveLength(1);
});

it('without a stack the callback counts', () => {
  const none = { frames: [], cause: 'exit' as const, signal: null, exitCode: 0 };
  expect(groupCards([at(none), at(none), at({ ...none, callback: 'on_login' })])).toHaveLength(2);
});

it('places are compared by function and line, or by file and offset', () => {
  expect(isSamePlace(frame(), frame({ offset: '0x9' }))).toBe(true);
  expect(isSamePlace(frame(), frame({ line: 43 }))).toBe(false);
  expect(isSamePlace(frame(), frame({ line: null }))).toBe(true);
  const bare = { function: null, line: null };
  expect(isSamePlace(frame(bare), frame({ ...bare, object: '/other/module_filter.so' }))).toBe(true);
  expect(isSamePlace(frame(bare), frame({ ...bare, offset: '0x9' }))).toBe(false);
  expect(isSamePlace(frame({ ...bare, offset: null }), frame({ ...bare, offset: null }))).toBe(false);
});
