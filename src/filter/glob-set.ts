/** Lists of globs, ready to be compared with a text. A whole list takes one pass over a text, or two when it is an unusual one. */

import { Glob } from './glob.js';
import { PatternError } from './pattern-error.js';
import { readPatterns } from './pattern-list.js';
import { planSearches } from './search/plan.js';
import type { Search } from './search/search.js';

/** A list of globs, with what stands behind each `!` apart. */
export interface GlobLists {
  readonly positive: GlobSet;
  readonly negative: GlobSet;
}

/** Some globs, of which one must fit. */
export class GlobSet {
  readonly length: number;
  readonly #withoutMiddle: readonly Glob[];
  readonly #searches: readonly Search[];

  /** @throws {PatternError} for globs that would take too long */
  constructor(globs: readonly Glob[]) {
    this.length = globs.length;
    this.#withoutMiddle = globs.filter(({ middle }) => middle.length === 0);
    const searches = planSearches(globs.filter(({ middle }) => middle.length > 0));
    if (searches === null) throw new PatternError(TOO_MUCH);
    this.#searches = searches;
  }

  /** Whether one of them is such a text as the bytes from `from` to `end`. */
  matches(bytes: Buffer, from: number, end: number): boolean {
    const globs = this.#withoutMiddle;
    for (let i = 0; i < globs.length; i++) if ((globs[i] as Glob).standsAround(bytes, from, end)) return true;
    const searches = this.#searches;
    for (let i = 0; i < searches.length; i++) if ((searches[i] as Search).finds(bytes, from, end)) return true;
    return false;
  }
}

const TOO_MUCH =
  'expected simpler patterns: these would take too long to look for; use fewer ? and [ ] between two *, or fewer patterns';

/**
 * Reads a list of globs.
 *
 * @throws {PatternError} at the first that cannot be, and for a list that would take too long
 */
export function readGlobs(patterns: readonly string[]): GlobLists {
  const { positive, negative } = readPatterns(patterns, (pattern) => new Glob(pattern));
  return { positive: new GlobSet(positive), negative: new GlobSet(negative) };
}
