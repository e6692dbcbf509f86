import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chooseId, findCard, listCardIds, readCards, readKeptCalls } from '../../../src/crashes/read-cards.js';
import { card, keptCall, writeCalls, writeCards } from '../../helpers/crash-cards.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const FIRST = 'filter-20261130T130102Z-3';
const SECOND = 'filter-20261130T130202Z-4';
const OTHER = 'reminder-20261130T130302Z-12';

it('a state directory without crashes has no cards', () => {
  expect(readCards(makeTempDir())).toEqual({ cards: [], problems: [] });
});

it('cards are read oldest first, and those of one second by their number', () => {
  const stateDir = makeTempDir();
  const ids = ['z-20261130T130102Z-1', FIRST, 'filter-20261130T130102Z-10', OTHER];
  writeCards(
    stateDir,
    [...ids].reverse().map((id) => card({ id })),
  );
  expect(listCardIds(stateDir)).toEqual(ids);
  expect(readCards(stateDir).cards.map(({ id }) => id)).toEqual(ids);
  expect(readCards(stateDir, 'filter').cards.map(({ id }) => id)).toEqual([FIRST, 'filter-20261130T130102Z-10']);
  expect(readCards(stateDir).cards[1]).toEqual(card({ id: FIRST }));
});

it('what cannot be read is told by its file, and the others are read', () => {
  const stateDir = makeTempDir();
  const whole = JSON.stringify(card());
  writeCards(stateDir, [
    card({ id: OTHER }),
    { id: FIRST, text: whole.slice(0, whole.length / 2) },
    { id: SECOND, text: JSON.stringify({ ...card({ id: SECOND }), version: 2 }) },
    { id: 'a-20261130T130102Z-1', text: '' },
    { id: 'b-20261130T130102Z-1', text: '[]' },
    { id: 'c-20261130T130102Z-1', text: whole },
  ]);
  const crashes = join(stateDir, 'crashes');
  mkdirSync(join(crashes, 'd-20261130T130102Z-1.json'));
  symlinkSync('/etc/passwd', join(crashes, 'e-20261130T130102Z-1.json'));
  // Not named as a card: nobody looks at them.
  writeFileSync(join(crashes, 'notes.json'), 'x');
  writeFileSync(join(crashes, `${FIRST}.json.123.tmp`), 'x');
  const { cards, problems } = readCards(stateDir);
  expect(cards.map(({ id }) => id)).toEqual([OTHER]);
  const of = (id: string) => problems.find((text) => text.includes(id));
  expect(of(FIRST)).toBe(`${crashes}/${FIRST}.json: it is not complete`);
  expect(of(SECOND)).toContain('a later version of mesibo-modules wrote it (form 2)');
  expect(of('a-2026')).toContain('it is not complete');
  expect(of('b-2026')).toContain('it is not complete');
  expect(of('c-2026')).toContain('it is no crash card, or was renamed');
  expect(of('d-2026')).toContain('it is not a regular file');
  expect(of('e-2026')).toContain('ELOOP');
  expect(problems).toHaveLength(7);
});

it('fields of the wrong kind do no harm', () => {
  const stateDir = makeTempDir();
  const broken = {
    version: 1,
    id: FIRST,
    time: card().time,
    module: 7,
    frames: [null, 'x', { function: 7, line: 'x', address: {} }, { function: 'f' }],
    log: [{ text: [] }],
    calls: 'none',
    thread: 'x',
    message: { id: 4, kind: 'other' },
  };
  writeCards(stateDir, [{ id: FIRST, text: JSON.stringify(broken) }]);
  const [read] = readCards(stateDir).cards;
  expect(read).toMatchObject({ module: '', calls: [], thread: null, signal: null, log: [{ text: '' }] });
  expect(read?.frames.map((frame) => [frame.function, frame.line, frame.address])).toEqual([
    [null, null, ''],
    ['f', null, ''],
  ]);
  expect(read?.message).toMatchObject({ id: '', kind: 'message', bytes: 0 });
});

it.skipIf(process.getuid?.() === 0)('a directory that may not be read is an error with what to do', () => {
  const stateDir = makeTempDir();
  writeCards(stateDir, [card()]);
  chmodSync(join(stateDir, 'crashes'), 0);
  expect(() => readCards(stateDir)).toThrow(/crashes cannot be read \(EACCES\); be the user who started the core/);
  chmodSync(join(stateDir, 'crashes'), 0o700);
});

it('a file in the place of the directory is an error', () => {
  const stateDir = makeTempDir();
  writeFileSync(join(stateDir, 'crashes'), '');
  expect(() => readCards(stateDir)).toThrow(/crashes cannot be read \(ENOTDIR\)/);
});

it('an id, its beginning, a module and "last" name a card', () => {
  const ids = [FIRST, SECOND, OTHER];
  expect(chooseId(ids, FIRST)).toBe(FIRST);
  expect(chooseId(ids, 'filter-20261130T1302')).toBe(SECOND);
  expect(chooseId(ids, 'rem')).toBe(OTHER);
  expect(chooseId(ids, 'filter')).toBe(SECOND);
  expect(chooseId(ids, 'last')).toBe(OTHER);
});

it('an id that is unknown, or that several begin with, is an error that helps', () => {
  const ids = [FIRST, SECOND, OTHER];
  expect(() => chooseId(ids, 'filter-2')).toThrow(
    `"filter-2" is the beginning of 2 ids: ${SECOND}, ${FIRST}; give more of it`,
  );
  expect(() => chooseId(ids, 'filter-20261130T130102Z-8')).toThrow(`did you mean ${FIRST}?`);
  expect(() => chooseId(ids, 'remider')).toThrow(`did you mean ${OTHER}?`);
  expect(() => chooseId(ids, 'nothing')).toThrow('to see the others: mesibo-modules crashes list');
  expect(() => chooseId([], 'last')).toThrow('there is no crash card; no crash was recorded in this state directory');
  for (const path of ['../../x', '/etc/passwd', '.', '', 'filter-20261130T130102Z-3.json', '\u001b[31m'])
    expect(() => chooseId(ids, path)).toThrow(/no crash card has the id/);
});

it('no text that is typed becomes a path', () => {
  const stateDir = makeTempDir();
  writeCards(join(stateDir, 'inner'), [card({ id: OTHER })]);
  writeCards(stateDir, [card({ id: FIRST })]);
  for (const given of [`../inner/crashes/${OTHER}`, `./${FIRST}`, `../crashes/${FIRST}`])
    expect(() => findCard(stateDir, given)).toThrow(/no crash card has the id/);
  expect(() => readKeptCalls(stateDir, '../../etc/passwd')).toThrow(/no crash card has the id/);
  expect(findCard(stateDir, FIRST)).toEqual(card({ id: FIRST }));
});

it('kept calls are read, and lines that make no sense are left out', () => {
  const stateDir = makeTempDir();
  expect(readKeptCalls(stateDir, FIRST)).toEqual([]);
  const calls = [keptCall('one', { seq: 1 }), keptCall(Buffer.from([0xff, 0]), { seq: 2, from: null })];
  writeCalls(stateDir, FIRST, calls);
  const file = join(stateDir, 'crashes', `${FIRST}.calls`);
  expect(readKeptCalls(stateDir, FIRST)).toEqual(calls);
  const scalars = { id: '5', type: '-1', 'a b': '1', flags: 7, aid: '99999999999999999999999' };
  const odd = JSON.stringify({ ...keptCall('three', { seq: 3 }), scalars });
  writeFileSync(file, `{"seq":\n\n${JSON.stringify({ kind: 'x', payload: '' })}\n${odd}\n${odd.slice(0, 20)}`);
  expect(readKeptCalls(stateDir, FIRST)).toEqual([{ ...keptCall('three', { seq: 3 }), scalars: { id: '5' } }]);
});
