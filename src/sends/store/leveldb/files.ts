/** Which files of a folder are a LevelDB's. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Damage } from './damage.js';
import { type Manifest, readManifest } from './manifest.js';

/** Names of files, in the order in which they were made. */
export interface LevelFiles {
  tables: string[];
  logs: string[];
}

/** All tables and logs that are there. @throws the error of the system */
export async function filesIn(folder: string): Promise<LevelFiles> {
  const names = await readdir(folder);
  const of = (pattern: RegExp) => names.filter((name) => pattern.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  return { tables: of(/^\d+\.(ldb|sst)$/), logs: of(/^\d+\.log$/) };
}

/**
 * The files that LevelDB would read. LevelDB itself makes a new database if `CURRENT` is missing, and does not notice a missing
 * log.
 *
 * @throws Damage when one is missing, or it cannot be known which they are; the error of the system
 */
export async function filesInUse(folder: string): Promise<LevelFiles> {
  const all = await filesIn(folder);
  const manifest = await readHead(folder, all);
  if (manifest === null) return all;
  const { log, olderLog, tables } = manifest;
  if (log > 0 && !all.logs.some((name) => numberOf(name) === log))
    throw new Damage(`${formatNumber(log)}.log is missing`);
  const byNumber = new Map(all.tables.map((name) => [numberOf(name), name]));
  const used: LevelFiles = { tables: [], logs: all.logs.filter((name) => isFrom(numberOf(name), log, olderLog)) };
  for (const [number, bytes] of tables) {
    const name = byNumber.get(number);
    if (name === undefined) throw new Damage(`${formatNumber(number)}.ldb is missing`);
    const { size } = await stat(join(folder, name));
    if (size !== bytes) throw new Damage(`${name} has ${size} bytes in place of ${bytes}`);
    used.tables.push(name);
  }
  return used;
}

/** `null`: there is no database. */
async function readHead(folder: string, { tables, logs }: LevelFiles): Promise<Manifest | null> {
  const current = await readPart(folder, 'CURRENT');
  if (current === null) {
    if (tables.length + logs.length > 0) throw new Damage('CURRENT is missing');
    return null;
  }
  const [, name] = /^(MANIFEST-\d+)\n$/.exec(current.toString('latin1')) ?? [];
  if (name === undefined) throw new Damage('CURRENT names no MANIFEST');
  const file = await readPart(folder, name);
  if (file === null) throw new Damage(`${name} is missing`);
  return about(name, () => readManifest(file));
}

/** The content of a file; `null`: there is none. @throws Damage when it is no file; the error of the system */
export async function readPart(folder: string, name: string): Promise<Buffer | null> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') throw new Damage(`${name} is no file`);
    if (code === 'ENOENT') return null;
    throw error;
  }
}

/** Does something with a file, which is named when it is damaged. */
export function about<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Damage) throw new Damage(`${name} ${error.message}`);
    throw error;
  }
}

function isFrom(number: number, log: number, olderLog: number): boolean {
  return number >= log || number === olderLog;
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

function formatNumber(number: number): string {
  return String(number).padStart(6, '0');
}
