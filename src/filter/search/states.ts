/** The states of an automaton while it is made: each is a set of nodes of a trie. */

import { Ints } from './ints.js';

/** The state where a search is over, whatever else is in its set. */
export const OVER = -1;

const FNV_BEGIN = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** So that a hash is a small number to the engine. */
const HASH_MASK = 0x3fffffff;

/** All states found so far. State 0 has no node but the root, which is in every state and in no set. */
export class States {
  count = 0;
  /** What it took so far; a step is a node of a set. */
  work = 0;
  readonly #partAt: Int32Array;
  readonly #isEnough: readonly boolean[];
  /** The sets, one after the other, and where each begins. */
  readonly #nodes = new Ints();
  readonly #begins = new Ints();
  /** By the hash of a set the last state that has it, and for each state the one before it. */
  readonly #lastOf = new Map<number, number>();
  readonly #before = new Ints();

  /** @param partAt - of each node @param isEnough - of each part: whether the search is over when it is found */
  constructor(partAt: Int32Array, isEnough: readonly boolean[]) {
    this.#partAt = partAt;
    this.#isEnough = isEnough;
    this.#begins.push(0);
    this.find([], []);
  }

  /** How many nodes a state has, and each of them. */
  sizeOf(state: number): number {
    return this.#begins.at(state + 1) - this.#begins.at(state);
  }

  nodeOf(state: number, index: number): number {
    return this.#nodes.at(this.#begins.at(state) + index);
  }

  /** The parts that end in a state. */
  partsOf(state: number): number[] {
    const parts: number[] = [];
    for (let i = 0; i < this.sizeOf(state); i++) {
      const part = this.#partAt[this.nodeOf(state, i)] as number;
      if (part >= 0) parts.push(part);
    }
    return parts;
  }

  /** The state of a set, which is given in two pieces, in order; it is added when it is new. */
  find(first: readonly number[], rest: readonly number[]): number {
    const length = first.length + rest.length;
    this.work += length;
    let hash = FNV_BEGIN;
    for (let i = 0; i < length; i++) {
      const node = (i < first.length ? first[i] : rest[i - first.length]) as number;
      const part = this.#partAt[node] as number;
      if (part >= 0 && this.#isEnough[part]) return OVER;
      hash = Math.imul(hash ^ node, FNV_PRIME);
    }
    hash = (hash ^ (hash >>> 15)) & HASH_MASK;
    for (let state = this.#lastOf.get(hash) ?? -1; state >= 0; state = this.#before.at(state)) {
      if (this.#isSet(state, first, rest)) return state;
    }
    for (const node of first) this.#nodes.push(node);
    for (const node of rest) this.#nodes.push(node);
    this.#begins.push(this.#nodes.length);
    this.#before.push(this.#lastOf.get(hash) ?? -1);
    this.#lastOf.set(hash, this.count);
    return this.count++;
  }

  #isSet(state: number, first: readonly number[], rest: readonly number[]): boolean {
    if (this.sizeOf(state) !== first.length + rest.length) return false;
    for (let i = 0; i < first.length; i++) if (this.nodeOf(state, i) !== first[i]) return false;
    for (let i = 0; i < rest.length; i++) if (this.nodeOf(state, first.length + i) !== rest[i]) return false;
    return true;
  }
}
