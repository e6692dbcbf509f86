/**
 * How far each glob of a list is in one text. A glob waits for one part at a time. When that part ends somewhere, the glob goes on to
 * its next one. So all that happens for a text are as many steps as the globs have parts, and a bounded number of looks at a part that
 * overlaps with the one before.
 */

import type { Glob } from '../glob.js';

/** Says that a glob waits for a part now, or that none does any more. */
export type OnWanted = (part: number, isWanted: boolean) => void;

/** One object serves all texts: {@link reset} after each. */
export class Progress {
  readonly #globs: readonly Glob[];
  /** For each glob its parts, in order. */
  readonly #steps: readonly (readonly number[])[];
  readonly #lengths: Int32Array;
  readonly #onWanted: OnWanted;
  /** For each part the first of the globs that wait for it, and for each glob the next one; -1: none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #isWanted: Uint8Array;
  /** For each glob how many parts it has found, and where the next one may begin, from the beginning of the text. */
  readonly #found: Int32Array;
  readonly #since: Int32Array;
  readonly #atBegin: { first: Int32Array; next: Int32Array; since: Int32Array };
  #isFresh = true;

  /** @param lengths - of each part, in bytes */
  constructor(
    globs: readonly Glob[],
    steps: readonly (readonly number[])[],
    lengths: readonly number[],
    onWanted: OnWanted,
  ) {
    this.#globs = globs;
    this.#steps = steps;
    this.#lengths = Int32Array.from(lengths);
    this.#onWanted = onWanted;
    this.#first = new Int32Array(lengths.length).fill(-1);
    this.#next = new Int32Array(globs.length).fill(-1);
    this.#isWanted = new Uint8Array(lengths.length);
    this.#found = new Int32Array(globs.length);
    this.#since = Int32Array.from(globs, ({ head }) => head.length);
    for (const [glob, [part]] of steps.entries()) this.#wait(glob, part as number);
    this.#atBegin = { first: this.#first.slice(), next: this.#next.slice(), since: this.#since.slice() };
  }

  /** A part ends at `at`, in the text from `from` to `end`. Whether a glob fits now. */
  reach(part: number, bytes: Buffer, from: number, at: number, end: number): boolean {
    const begin = at - from - (this.#lengths[part] as number);
    let before = -1;
    let glob = this.#first[part] as number;
    if (glob < 0) return false;
    while (glob >= 0) {
      const following = this.#next[glob] as number;
      if (begin < (this.#since[glob] as number)) {
        before = glob;
        glob = following;
        continue;
      }
      this.#isFresh = false;
      if (before < 0) this.#first[part] = following;
      else this.#next[before] = following;
      if (this.#mayFit(glob, bytes, from, at, end)) {
        const found = (this.#found[glob] as number) + 1;
        const next = this.#steps[glob]?.[found];
        if (next === undefined) return true;
        this.#found[glob] = found;
        this.#since[glob] = at - from;
        this.#wait(glob, next);
        // It waits for the same part again, before those that are still to be looked at.
        if (next === part && before < 0) before = glob;
      }
      glob = following;
    }
    this.#tell(part, (this.#first[part] as number) >= 0);
    return false;
  }

  /** Everything is as at the beginning of a text. */
  reset(): void {
    if (this.#isFresh) return;
    this.#first.set(this.#atBegin.first);
    for (let part = 0; part < this.#first.length; part++) this.#tell(part, (this.#first[part] as number) >= 0);
    this.#next.set(this.#atBegin.next);
    this.#since.set(this.#atBegin.since);
    this.#found.fill(0);
    this.#isFresh = true;
  }

  /** Head and tail are looked at once, where the first part is found. No later part may reach into the tail. */
  #mayFit(glob: number, bytes: Buffer, from: number, at: number, end: number): boolean {
    const one = this.#globs[glob] as Glob;
    if (at > end - (one.tail?.length ?? 0)) return false;
    return this.#found[glob] !== 0 || one.standsAround(bytes, from, end);
  }

  #wait(glob: number, part: number): void {
    this.#next[glob] = this.#first[part] as number;
    this.#first[part] = glob;
    this.#tell(part, true);
  }

  #tell(part: number, isWanted: boolean): void {
    if ((this.#isWanted[part] === 1) === isWanted) return;
    this.#isWanted[part] = isWanted ? 1 : 0;
    this.#onWanted(part, isWanted);
  }
}
