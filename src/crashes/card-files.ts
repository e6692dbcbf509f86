/** The files of crash cards, as the core writes them. Nothing here is done while the event loop waits. */

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CARDS_DIRECTORY, type CrashCard, type KeptCall } from './card.js';
import { compareIds, moduleOfId } from './card-ids.js';

/** So many cards of a module are kept. */
export const MAX_CARDS = 50;
/** The bodies of calls that are kept of a module, in files. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

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
  async add(card: CrashCard, calls: Iterable<KeptCall>): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const bodies = join(this.directory, `${card.id}.calls`);
    // First, so that a card that promises calls has them.
    if (hasBodies(card)) await replace(bodies, linesOf(calls));
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
    const old = oldFiles(names, module);
    await this.#remove(old);
    const left = names.filter((name) => name.endsWith('.calls') && !old.includes(name));
    const ids = left.map((name) => name.slice(0, -'.calls'.length)).filter((id) => moduleOfId(id) === module);
    await this.#pruneBodies(ids.sort(compareIds).reverse());
  }

  /** Removes the oldest bodies of a module, beyond {@link MAX_BODY_BYTES}. @param ids - the newest first */
  async #pruneBodies(ids: readonly string[]): Promise<void> {
    let bytes = 0;
    for (const id of ids) {
      const name = `${id}.calls`;
      bytes += await stat(join(this.directory, name)).then(
        ({ size }) => size,
        () => 0,
      );
      if (bytes > MAX_BODY_BYTES) await this.#remove([name]);
    }
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
    if (isUnfinished !== undefined || moduleOfId(id) !== module) return [];
    ids.add(id);
    return [{ name, id }];
  });
  const old = new Set([...ids].sort(compareIds).slice(0, -MAX_CARDS));
  return own.filter(({ id }) => old.has(id)).map(({ name }) => name);
}

/** A line for each, made when it is written: bodies may be large. */
function* linesOf(calls: Iterable<KeptCall>): Generator<string> {
  for (const call of calls) yield `${JSON.stringify(call)}\n`;
}

function hasBodies({ calls }: CrashCard): boolean {
  return calls.some(({ isKept }) => isKept);
}

async function replace(path: string, text: string | Iterable<string>): Promise<void> {
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
