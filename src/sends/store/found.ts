/** What stands in the folder of a store, opened and read. */

import { makeFolders } from '../../directories.js';
import type { Entry } from '../queue/entry.js';
import { decodeEntry, type Moment, parseKey, STORE_FORMAT } from './entry-codec.js';
import { type Level, LevelError, openLevel } from './level.js';
import { decodeNames, NAMES_KEY } from './names-codec.js';
import { hasLostItsHead, LogLinks, type Unfitness } from './put-aside.js';

/** The key under which a store says which form it has. It comes before the keys of entries. */
export const FORMAT_KEY = 'format';

/** What stands in a store. */
export interface Content {
  entries: Entry[];
  /** Servers that take sends, or have taken some. */
  names: string[];
}

/** What could not be read of a store that is used nevertheless. */
export interface Skipped {
  text: string;
  /** Where it is kept; `null`: nowhere. */
  aside: string | null;
}

/** What was found. */
export type Found =
  /** @property content - `null`: it was not asked for. `skipped`: what could not be read of it, and is not in it any more */
  | { kind: 'fit'; level: Level; content: Content | null; skipped: Skipped | null }
  /** It is closed. What could be read of it is in `content`; `text` goes on behind its name. */
  | { kind: 'unfit'; why: Unfitness; text: string; content: Content };

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
 * Opens what is there, or makes it.
 *
 * @throws the error of the system, LevelError: it cannot be used now
 */
export async function findStore({ folder, moment, isKnown, opened, progress }: FindOptions): Promise<Found> {
  const links = new LogLinks(folder);
  let level: Level | undefined;
  try {
    makeFolders(folder);
    if (hasLostItsHead(folder)) return unfit('damaged', 'is damaged (CURRENT is missing)');
    links.make();
    level = await openLevel(folder);
    opened();
    if (isKnown) return { kind: 'fit', level, content: null, skipped: null };
    progress();
    const content = await readAll(level, moment, progress);
    if ('kind' in content) await level.close();
    return 'kind' in content ? content : { kind: 'fit', level, content, skipped: describeSkipped(links, moment) };
  } catch (error) {
    await level?.close();
    if (isDamage(error as Error)) return unfit('damaged', `is damaged (${(error as Error).message})`);
    throw error;
  } finally {
    links.drop();
  }
}

/** Whether what is there is no database, or not a whole one. */
export function isDamage(error: Error): boolean {
  if (error instanceof LevelError) return error.isDamage;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || code === 'ENOTDIR';
}

async function readAll(
  level: Level,
  moment: Moment,
  progress: () => void,
): Promise<Content | (Found & { kind: 'unfit' })> {
  const content: Content = { entries: [], names: [] };
  const known = new Map<string, string>();
  let format: number | null = null;
  let isSound = true;
  try {
    for await (const some of level.read()) {
      progress();
      for (const [name, value] of some) {
        if (name === FORMAT_KEY) format = formatOf(value);
        if (format === null) return unfit('foreign', 'is another database');
        if (format > STORE_FORMAT) return unfit('newer', `was written by a newer version (format ${format})`);
        if (name === NAMES_KEY) {
          const names = decodeNames(value);
          if (names === null) isSound = false;
          else content.names = names;
        }
        const key = parseKey(name);
        if (key === null) continue;
        const entry = decodeEntry(key, value, moment, known);
        if (entry === null) isSound = false;
        else content.entries.push(entry);
      }
    }
  } catch (error) {
    if (isDamage(error as Error)) return unfit('damaged', `is damaged (${(error as Error).message})`, content);
    throw error;
  }
  return isSound ? content : unfit('damaged', 'is damaged (a checksum is wrong)', content);
}

function unfit(why: Unfitness, text: string, content: Content = { entries: [], names: [] }): Found & { kind: 'unfit' } {
  return { kind: 'unfit', why, text, content };
}

/** LevelDB opens a store without what it cannot read. `null`: it could read all */
function describeSkipped(links: LogLinks, { wallMs }: Moment): Skipped | null {
  const [first] = links.skipped();
  if (first === undefined) return null;
  const aside = links.keep(wallMs);
  // Without the time and the thread.
  const what = `had a damaged log (${first.replace(/^\S+ \S+ /, '')})`;
  return { text: aside === null ? what : `${what}, which is kept in ${aside}`, aside };
}

/** `null`: it is none of ours. */
function formatOf(value: Buffer): number | null {
  try {
    const { format } = JSON.parse(value.toString()) as { format?: unknown };
    return typeof format === 'number' ? format : null;
  } catch {
    return null;
  }
}
