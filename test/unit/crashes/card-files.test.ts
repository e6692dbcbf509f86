import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildCard, keptCalls } from '../../../src/crashes/build-card.js';
import { CardFiles, MAX_CARDS, oldFiles } from '../../../src/crashes/card-files.js';
import { makeDeathCall, makeEvidence } from '../../helpers/death-evidence.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const call = makeDeathCall(1, { message: { params: {}, payload: Buffer.from('x') } }, null);
const evidenceOf = (id: string) => makeEvidence({ cardId: id, module: id.split('-')[0] ?? '', call });
const idOf = (module: string, number: number) => `${module}-20261130T120000Z-${number}`;

async function add(files: CardFiles, id: string): Promise<void> {
  const evidence = evidenceOf(id);
  await files.add(buildCard(evidence), keptCalls(evidence));
}

it('writes a card and its calls for nobody else to read', async () => {
  const state = makeTempDir();
  const files = new CardFiles(state);
  await add(files, idOf('m', 1));
  expect(readdirSync(files.directory).sort()).toEqual([`${idOf('m', 1)}.calls`, `${idOf('m', 1)}.json`]);
  expect(statSync(files.directory).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(files.directory)) {
    expect(statSync(join(files.directory, name)).mode & 0o777).toBe(0o600);
  }
  expect(JSON.parse(readFileSync(files.pathOf(idOf('m', 1)), 'utf8')).id).toBe(idOf('m', 1));
});

it('keeps the last cards of each module, with their calls, and leaves other files alone', async () => {
  const files = new CardFiles(makeTempDir());
  await add(files, idOf('other', 1));
  writeFileSync(join(files.directory, 'notes.txt'), 'mine');
  for (let i = 1; i <= MAX_CARDS + 3; i++) await add(files, idOf('m', i));
  await files.prune('m');
  const names = readdirSync(files.directory);
  expect(names.filter((name) => name.startsWith('m-'))).toHaveLength(2 * MAX_CARDS);
  expect(names).toContain('notes.txt');
  expect(names).toContain(`${idOf('other', 1)}.json`);
  expect(names).not.toContain(`${idOf('m', 3)}.calls`);
  expect(names).toContain(`${idOf('m', 4)}.json`);
});

it('takes a later second for newer than a higher number, and a higher number for newer in the same second', () => {
  const newer = Array.from({ length: MAX_CARDS - 1 }, (_, i) => `m-20261130T120001Z-${i + 1}.json`);
  const names = ['m-20261130T120000Z-99.json', 'm-20261130T120000Z-100.json', 'm-20261130T120000Z-9.calls', ...newer];
  expect(oldFiles(names, 'm')).toEqual(['m-20261130T120000Z-99.json', 'm-20261130T120000Z-9.calls']);
});

it('never takes a name that is no id for a card', () => {
  const names = Array.from({ length: 200 }, (_, i) => `../m-20261130T120000Z-${i}.json`);
  expect(oldFiles([...names, 'm-.json', 'm-20261130T120000Z-1.json.tmp', 'm.json'], 'm')).toEqual([]);
});

it('removes what a killed core has left half written', async () => {
  const files = new CardFiles(makeTempDir());
  mkdirSync(files.directory);
  writeFileSync(join(files.directory, `${idOf('m', 7)}.json.tmp`), '{"vers');
  writeFileSync(join(files.directory, 'other.tmp'), 'mine');
  await add(files, idOf('m', 8));
  await files.prune('m');
  expect(readdirSync(files.directory).sort()).toEqual([`${idOf('m', 8)}.calls`, `${idOf('m', 8)}.json`, 'other.tmp']);
});

it('leaves neither card nor calls when the card cannot be written', async () => {
  const files = new CardFiles(makeTempDir());
  mkdirSync(files.directory);
  // A directory in its place, with something in it.
  mkdirSync(join(files.pathOf(idOf('m', 1)), 'in-the-way'), { recursive: true });
  await expect(add(files, idOf('m', 1))).rejects.toThrow();
  expect(readdirSync(files.directory)).toEqual([`${idOf('m', 1)}.json`]);
});
