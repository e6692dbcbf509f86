/**
 * Checks that a store is complete before LevelDB opens it. LevelDB reads tables without checking their checksums, ends the
 * process at some damage, and silently skips other damage.
 */

import { Slices } from '../../slices.js';
import { decodeBatch } from './leveldb/batch.js';
import { Damage } from './leveldb/damage.js';
import { about, filesIn, filesInUse, type LevelFiles, readPart } from './leveldb/files.js';
import { recordsOfLog } from './leveldb/log-file.js';
import { blocksOfTable, checkBlock } from './leveldb/table-file.js';

/** What was found in a store. */
export interface Checked {
  /** What is damaged, for an operator; `null`: nothing. */
  damage: string | null;
  /** The files that belong to it. If that is unknown: all that are there; some may have entries that were removed later. */
  files: LevelFiles;
}

/**
 * Reads all files of a store.
 *
 * @param turn called before each turn that others have
 * @throws the error of the system
 */
export async function checkStore(folder: string, turn: () => void): Promise<Checked> {
  const slices = new Slices(turn);
  let files: LevelFiles | null = null;
  try {
    files = await filesInUse(folder);
    for (const name of files.tables) await checkTable(name, await readWhole(folder, name), slices);
    for (const name of files.logs) await checkLog(name, await readWhole(folder, name), slices);
    return { damage: null, files };
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return { damage: error.message, files: files ?? (await filesIn(folder)) };
  }
}

async function readWhole(folder: string, name: string): Promise<Buffer> {
  const file = await readPart(folder, name);
  if (file === null) throw new Damage(`${name} is missing`);
  return file;
}

async function checkTable(name: string, file: Buffer, slices: Slices): Promise<void> {
  const { data, filters } = about(name, () => blocksOfTable(file));
  for (const block of [...data, ...filters]) {
    about(name, () => checkBlock(file, block));
    await slices.pause();
  }
}

async function checkLog(name: string, file: Buffer, slices: Slices): Promise<void> {
  const damaged = (what: string) => {
    throw new Damage(what);
  };
  const records = recordsOfLog(file, damaged);
  let expected: number | null = null;
  for (;;) {
    const last: number | null = about(name, () => {
      const { done, value } = records.next();
      return done ? null : checkBatch(value, expected);
    });
    if (last === null) return;
    expected = last + 1;
    await slices.pause();
  }
}

/** @param expected number of its first write; `null`: any @returns that of its last */
function checkBatch(record: Buffer, expected: number | null): number {
  const writes = decodeBatch(record);
  const [first, last] = [writes[0], writes.at(-1)];
  if (!first || !last) throw new Damage('has a record without writes');
  if (expected !== null && first.sequence !== expected) throw new Damage(`lacks the writes before ${first.sequence}`);
  return last.sequence;
}
