/** Reads a store without LevelDB, because LevelDB does not open a damaged one, or one on a full disk. */

import { Slices } from '../../slices.js';
import { decodeBatch, type LevelRecord } from './leveldb/batch.js';
import { Damage } from './leveldb/damage.js';
import { type LevelFiles, readPart } from './leveldb/files.js';
import { recordsOfLog } from './leveldb/log-file.js';
import { blocksOfTable, checkBlock, recordsOfBlock } from './leveldb/table-file.js';

/**
 * Reads everything that is valid. For each key it finds the newest value, or an older one if a removal is in the damaged part.
 *
 * @param turn called before each turn that others have
 * @returns in the order of keys
 * @throws the error of the system
 */
export async function salvage(
  folder: string,
  { tables, logs }: LevelFiles,
  turn: () => void,
): Promise<[key: string, value: Buffer][]> {
  const slices = new Slices(turn);
  const newest = new Map<string, LevelRecord>();
  for (const [names, read] of [
    [tables, soundOfTable],
    [logs, soundOfLog],
  ] as const) {
    for (const name of names) {
      for (const record of read(await readIfFile(folder, name))) {
        const known = newest.get(record.key);
        if (!known || known.sequence < record.sequence) newest.set(record.key, record);
        const pause = slices.pause();
        if (pause !== null) await pause;
      }
    }
  }
  const found: [string, Buffer][] = [];
  for (const { key, value } of newest.values()) if (value !== null) found.push([key, value]);
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

async function readIfFile(folder: string, name: string): Promise<Buffer> {
  try {
    return (await readPart(folder, name)) ?? Buffer.alloc(0);
  } catch (error) {
    if (error instanceof Damage) return Buffer.alloc(0);
    throw error;
  }
}

function* soundOfTable(file: Buffer): Generator<LevelRecord> {
  const { data } = attempt(() => blocksOfTable(file)) ?? { data: [] };
  for (const place of data) {
    const isSound = attempt(() => checkBlock(file, place)) !== null;
    if (isSound) yield* attempt(() => [...recordsOfBlock(file, place)]) ?? [];
  }
}

function* soundOfLog(file: Buffer): Generator<LevelRecord> {
  for (const record of recordsOfLog(file, () => undefined)) yield* attempt(() => decodeBatch(record)) ?? [];
}

/** `null`: it is damaged. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Damage) return null;
    throw error;
  }
}
