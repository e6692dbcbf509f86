/** Where the copy of a build is kept. Pure, except that it remembers names. */

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Build } from './build.js';

const ENTRY = /^[0-9a-f]{64}(-[0-9a-f]{8})?$/;
/** What is being made; a killed core leaves one behind. */
const UNFINISHED = /^\.new-[0-9a-f]{16}$/;

/** The entries of a folder of builds that are ours; it may hold others. */
export function isOurs(name: string): boolean {
  return ENTRY.test(name) || UNFINISHED.test(name);
}

/**
 * The places below one folder:
 *
 *   <sha256>/                        links to what stands beside the folder of the original
 *   <sha256>/<folder>/               links to what stands beside the original
 *   <sha256>/<folder>/<file name>    the bytes
 *
 * The same bytes may be the file of several modules, with other neighbours: then all but the first have a part of the
 * original's path in the name.
 */
export class Places {
  readonly #base: string;
  /** By sha256. Never forgotten: a copy that is kept must be found as long as it may be needed. */
  readonly #owners = new Map<string, string>();

  constructor(base: string) {
    this.#base = base;
  }

  /** The name of a build's entry. */
  entryOf({ sha256, original }: Pick<Build, 'sha256' | 'original'>): string {
    const owner = this.#owners.get(sha256) ?? original;
    this.#owners.set(sha256, owner);
    if (owner === original) return sha256;
    return `${sha256}-${createHash('sha256').update(original).digest('hex').slice(0, 8)}`;
  }

  /** The folder of a build's entry. */
  folderOf(build: Pick<Build, 'sha256' | 'original'>): string {
    return join(this.#base, this.entryOf(build));
  }

  /** The kept copy of a build. */
  copyOf(build: Pick<Build, 'sha256' | 'original'>): string {
    const { original } = build;
    return join(this.folderOf(build), basename(dirname(original)) || 'root', basename(original));
  }
}
