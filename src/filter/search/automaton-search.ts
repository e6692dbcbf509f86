/** A search by an automaton: one look-up for each byte of a text, however many globs there are. */

import type { Glob } from '../glob.js';
import { type Automaton, makeAutomaton } from './automaton.js';
import { findParts, isOneWord, type WantedParts } from './parts.js';
import { Progress } from './progress.js';
import type { Search } from './search.js';
import { makeTrie } from './trie.js';

/**
 * The most that a text may take beside the look-ups, in steps of some nanoseconds. It is the same for a long text and a short one.
 * Real lists need some thousands at most.
 */
const MAX_STEPS = 4 * 1024 ** 2;
/** An automaton of literals has a state for each node of the trie. With sets it may have some more. */
const MAX_STATES_A_NODE = 4;
const MAX_STATES_MORE = 8192;

/** Makes the search; `null` when the automaton would be too large. */
export function makeAutomatonSearch(globs: readonly Glob[], maxStates?: number): AutomatonSearch | null {
  const wanted = findParts(globs);
  const isEnough = wanted.parts.map(() => false);
  for (const [index, glob] of globs.entries()) if (isOneWord(glob)) isEnough[wanted.steps[index]?.[0] as number] = true;
  const trie = makeTrie(wanted);
  const most = maxStates ?? trie.partAt.length * MAX_STATES_A_NODE + MAX_STATES_MORE;
  const automaton = makeAutomaton(trie, isEnough, most);
  if (automaton === null || countSteps(wanted, automaton.sets) > MAX_STEPS) return null;
  return new AutomatonSearch(automaton, wanted);
}

/** Searches for some globs. */
export class AutomatonSearch implements Search {
  readonly states: number;
  readonly #automaton: Automaton;
  /** `null`: each of its globs fits as soon as its one part is found. */
  readonly #progress: Progress | null;
  /** For each set of parts that end together how many of them a glob waits for. */
  readonly #wantedIn: Int32Array;

  constructor(automaton: Automaton, { globs, parts, steps }: WantedParts) {
    this.states = automaton.over / automaton.width;
    this.#automaton = automaton;
    const setsOf = listSets(parts.length, automaton.sets);
    const wantedIn = new Int32Array(automaton.sets.length);
    this.#wantedIn = wantedIn;
    const others = globs.flatMap((glob, index) => (isOneWord(glob) ? [] : [index]));
    this.#progress =
      others.length === 0
        ? null
        : new Progress(
            others.map((index) => globs[index] as Glob),
            others.map((index) => steps[index] as readonly number[]),
            parts.map(({ length }) => length),
            (part, isWanted) => {
              const change = isWanted ? 1 : -1;
              for (const set of setsOf[part] as number[]) wantedIn[set] = (wantedIn[set] as number) + change;
            },
          );
  }

  finds(bytes: Buffer, from: number, end: number): boolean {
    if (this.#progress === null) return this.#findsWord(bytes, from, end);
    const found = this.#follow(this.#progress, bytes, from, end);
    this.#progress.reset();
    return found;
  }

  #findsWord(bytes: Buffer, from: number, end: number): boolean {
    const { table, classOf, over } = this.#automaton;
    let state = 0;
    for (let at = from; at < end; at++) {
      state = table[state + (classOf[bytes[at] as number] as number)] as number;
      if (state === over) return true;
    }
    return false;
  }

  #follow(progress: Progress, bytes: Buffer, from: number, end: number): boolean {
    const { table, classOf, width, firstEnd, over, sets } = this.#automaton;
    const wantedIn = this.#wantedIn;
    let state = 0;
    for (let at = from; at < end; at++) {
      state = table[state + (classOf[bytes[at] as number] as number)] as number;
      if (state < firstEnd) continue;
      if (state === over) return true;
      const set = table[state + width - 1] as number;
      if (wantedIn[set] === 0) continue;
      const parts = sets[set] as readonly number[];
      for (let i = 0; i < parts.length; i++) {
        if (progress.reach(parts[i] as number, bytes, from, at + 1, end)) return true;
      }
    }
    return false;
  }
}

/** For each part the sets that have it. */
function listSets(parts: number, sets: readonly (readonly number[])[]): number[][] {
  const setsOf = Array.from({ length: parts }, (): number[] => []);
  for (const [set, members] of sets.entries()) for (const part of members) setsOf[part]?.push(set);
  return setsOf;
}

/**
 * The most steps beside the look-ups: a glob that waits for a part is looked at in vain only while the part would overlap with the
 * one before, and each glob waits for each of its parts once.
 */
function countSteps({ globs, parts, steps }: WantedParts, sets: readonly (readonly number[])[]): number {
  const setsOf = listSets(parts.length, sets);
  const largest = setsOf.map((numbers) => numbers.reduce((most, set) => Math.max(most, sets[set]?.length ?? 0), 0));
  let sum = sets.length;
  for (const [index, numbers] of steps.entries()) {
    const glob = globs[index] as Glob;
    if (isOneWord(glob)) continue;
    sum += glob.least;
    for (const part of numbers) {
      sum += (largest[part] ?? 0) * (parts[part]?.length ?? 0) + 2 * (setsOf[part]?.length ?? 0);
    }
  }
  return sum;
}
