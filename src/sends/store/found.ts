/** The store in a folder, opened and read. */

import { makeFolders } from '../../directories.js';
import { inSlices } from '../in-slices.js';
import { checkStore } from './check.js';
import { type Content, ContentReader, type Unfit, unfit } from './content.js';
import type { Moment } from './entry-codec.js';
import { type Level, LevelError, openLevel, refuseOpen } from './level.js';
import type { LevelFiles } from './leveldb/files.js';
import { MAX_ENDS, OpeningMark } from './opening-mark.js';
import { salvage } from './salvage.js';

const NOTHING: Content = { entries: [], names: [] };
const ENDED = `the last ${MAX_ENDS} processes that opened it ended meanwhile`;

/** What was found. */
export type Found =
  /** @property content - `null`: it was not asked for */
  | { kind: 'fit'; level: Level; content: Content | null }
  /** It cannot be opened now, because of `error`, but its content could be read. */
  | { kind: 'closed'; error: Error; content: Content }
  | Unfit;

/** How it is opened. */
export interface FindOptions {
  folder: string;
  moment: Moment;
  /** What is in it is known already. */
  isKnown: boolean;
  /** Called when its files are open. */
  opened(): void;
  /** Called whenever more of it was read. */
  progress(): void;
}

/**
 * Opens what is there, or makes it. A damaged store is never given to LevelDB, because that may end the process.
 *
 * @throws the error of the system, LevelError: it cannot be used now
 */
export async function findStore(options: FindOptions): Promise<Found> {
  const { folder, isKnown, progress } = options;
  const mark = new OpeningMark(folder);
  try {
    makeFolders(folder);
    refuseOpen(folder);
    const checked = await checkStore(folder, progress);
    const damage = checked.damage ?? (mark.isTooMuch() ? ENDED : null);
    if (damage === null) return await openMarked(options, mark, checked.files);
    // Somebody may have opened it meanwhile, and be writing to it.
    refuseOpen(folder);
    const found = isKnown ? NOTHING : await readSound(options, checked.files);
    mark.remove();
    if ('kind' in found && found.why !== 'damaged') return found;
    return unfit('damaged', `is damaged (${damage})`, 'kind' in found ? found.content : found);
  } catch (error) {
    if (isDamage(error as Error)) return unfit('damaged', `is damaged (${(error as Error).message})`);
    throw error;
  }
}

async function openMarked(options: FindOptions, mark: OpeningMark, files: LevelFiles): Promise<Found> {
  const { folder, moment, isKnown, opened, progress } = options;
  let level: Level | undefined;
  mark.set();
  try {
    level = await openLevel(folder);
    opened();
    if (isKnown) return { kind: 'fit', level, content: null };
    progress();
    const content = await readAll(level, moment, progress);
    if ('kind' in content) await level.close();
    return 'kind' in content ? content : { kind: 'fit', level, content };
  } catch (error) {
    await level?.close();
    return await readClosed(options, files, error as Error);
  } finally {
    mark.remove();
  }
}

/** A full or read-only disk does not prevent reading. So the stored messages keep their place before new ones. */
async function readClosed(options: FindOptions, files: LevelFiles, error: Error): Promise<Found> {
  // With a store that can never be written, everything would be delivered again at each start.
  if (options.isKnown) throw error;
  if (error instanceof LevelError && (error.isFinal || error.isHeld)) throw error;
  refuseOpen(options.folder);
  const content = await readSound(options, files);
  if ('kind' in content) throw error;
  // LevelDB calls it damaged, though all that it has is sound.
  if (isDamage(error)) return unfit('damaged', `is damaged (${error.message})`, content);
  return { kind: 'closed', error, content };
}

/** Whether what is there is no database, or not a whole one. */
export function isDamage(error: Error): boolean {
  if (error instanceof LevelError) return error.isDamage;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || code === 'ENOTDIR';
}

async function readAll(level: Level, moment: Moment, progress: () => void): Promise<Content | Unfit> {
  const reader = new ContentReader(moment);
  try {
    for await (const some of level.read()) {
      progress();
      for (const [key, value] of some) {
        const why =
          reader.read(key, value) ?? (reader.hasFormat ? null : unfit('foreign', 'is a database of another program'));
        if (why !== null) return why;
      }
    }
  } catch (error) {
    if (isDamage(error as Error)) return unfit('damaged', `is damaged (${(error as Error).message})`, reader.content);
    throw error;
  }
  const { damage, content } = reader;
  return damage === null ? content : unfit('damaged', `is damaged (${damage})`, content);
}

/** Reads it without LevelDB, as far as it is sound. */
async function readSound({ folder, moment, progress }: FindOptions, files: LevelFiles): Promise<Content | Unfit> {
  const reader = new ContentReader(moment);
  let why: Unfit | null = null;
  const read = ([key, value]: [string, Buffer]) => {
    why ??= reader.read(key, value);
  };
  await inSlices(await salvage(folder, files, progress), read, progress);
  const { damage, content } = reader;
  return why ?? (damage === null ? content : unfit('damaged', `is damaged (${damage})`, content));
}
