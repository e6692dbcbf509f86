/** The files of crash cards, as the core writes them. Nothing here is done while the event loop waits. */

import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CARD_ID, CARDS_DIRECTORY, type CrashCard, type KeptCall } from './card.js';

/** So many cards of a module are kept. */
export const MAX_CARDS = 50;

/** What a file of a card is called, with the id and what comes after it. */
const CARD_FILE = /^(.+?)\.(json|calls)(\.tmp)?$/;

/** The directory of the cards of one core. */
export class CardFiles {
  readonly directory: string;
  /** Files that a killed core has left half written are removed once. */
  #isSwept = false;

  constructor(stateDir: string) {
    this.directory = join(stateDir, CARDS_DIRECTORY);
  }

  /** Where a card is, or would be. */
  pathOf(id: string): string {
    return join(this.directory, `${id}.json`);
  }

  /**
   * Writes a new card with its calls. A reader finds a complete one or none.
   *
   * @throws the error of the system; then there is no card
   */
  async add(card: CrashCard, calls: readonly KeptCall[]): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const bodies = join(this.directory, `${card.id}.calls`);
    // First, so that a card that promises calls has them.
    if (calls.length > 0) await replace(bodies, calls.map((call) => `${JSON.stringify(call)}\n`).join(''));
    try {
      await this.update(card);
    } catch (error) {
      await rm(bodies, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Writes a card again, with what is known now. @throws the error of the system; the card before is still there then */
  async update(card: CrashCard): Promise<void> {
    await replace(this.pathOf(card.id), `${JSON.stringify(card)}\n`);
  }

  /** Removes the oldest cards of a module, beyond the last {@link MAX_CARDS}. @throws the error of the system */
  async prune(module: string): Promise<void> {
    const names = await readdir(this.directory);
    if (!this.#isSwept) await this.#remove(names.filter((name) => name.endsWith('.tmp') && CARD_FILE.test(name)));
    this.#isSwept = true;
    await this.#remove(oldFiles(names, module));
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.directory, name), { force: true });
  }
}

/** The files of a module that are beyond the last cards. Other files are left alone. Pure. */
export function oldFiles(names: readonly string[], module: string): string[] {
  const ids = new Set<string>();
  const own = names.flatMap((name) => {
    const [, id = '', , isUnfinished] = CARD_FILE.exec(name) ?? [];
    if (isUnfinished !== undefined || !CARD_ID.test(id) || moduleOf(id) !== module) return [];
    ids.add(id);
    return [{ name, id }];
  });
  const old = new Set([...ids].sort(byAge).slice(0, -MAX_CARDS));
  return own.filter(({ id }) => old.has(id)).map(({ name }) => name);
}

/** The name has no hyphen. */
function moduleOf(id: string): string {
  return id.slice(0, id.indexOf('-'));
}

/** The oldest first: by the time, and by the number of the host within a second. */
function byAge(a: string, b: string): number {
  const [, timeA = '', numberA = ''] = a.split('-');
  const [, timeB = '', numberB = ''] = b.split('-');
  return timeA === timeB ? Number(numberA) - Number(numberB) : timeA < timeB ? -1 : 1;
}

async function replace(path: string, text: string): Promise<void> {
  const unfinished = `${path}.tmp`;
  try {
    // What stands there was left by a process that was killed.
    await rm(unfinished, { force: true });
    await writeFile(unfinished, text, { flag: 'wx', mode: 0o600 });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}
