/** Tells of changes in folders, as far as the system announces them. */

import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { LeadingFolders } from './folders.js';

interface Watched {
  watcher: FSWatcher;
  /** Another folder may take its place: the system goes on to watch the old one. */
  id: string;
  names: ReadonlySet<string>;
}

/** Watches any folders that it is given. What cannot be watched is left to those who look now and then. */
export class FolderWatch {
  readonly #changed: () => void;
  readonly #folders = new Map<string, Watched>();
  #closed = false;

  /** @param changed - something may have changed */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these folders, and no others. */
  async use(folders: LeadingFolders): Promise<void> {
    for (const path of this.#folders.keys()) if (!folders.has(path)) this.#end(path);
    for (const [path, names] of folders) await this.#watch(path, names);
  }

  close(): void {
    this.#closed = true;
    for (const path of [...this.#folders.keys()]) this.#end(path);
  }

  async #watch(path: string, names: ReadonlySet<string>): Promise<void> {
    const id = await identify(path);
    const before = this.#folders.get(path);
    if (before && before.id === id) {
      before.names = names;
      return;
    }
    this.#end(path);
    if (id === null || this.#closed) return;
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        const isMeant = name === null || this.#folders.get(path)?.names.has(name);
        if (isMeant) this.#changed();
      });
      watcher.on('error', () => this.#end(path));
      this.#folders.set(path, { watcher, id, names });
    } catch {
      // The system allows each user so many.
    }
  }

  #end(path: string): void {
    this.#folders.get(path)?.watcher.close();
    this.#folders.delete(path);
  }
}

async function identify(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
