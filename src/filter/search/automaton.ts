/**
 * One automaton for all parts of a list: it reads each byte of a text once, with one look-up, and knows which parts end there.
 *
 * It is the deterministic automaton of a trie, made by the construction of subsets. For literal parts that is the automaton of Aho
 * and Corasick, with one state for each node. Parts with sets may need more, up to exponentially many, so there is a limit. Pure.
 */

import { Ints } from './ints.js';
import { OVER, States } from './states.js';
import type { Trie } from './trie.js';

/** The most cells of a table, of 4 bytes each. */
const MAX_CELLS = 4 * 1024 ** 2;
/** What making one may take; each step is some nanoseconds. */
const MAX_WORK = 32 * 1024 ** 2;
const NONE: readonly number[] = [];

/** The automaton. A state is the place of its row in the table; the first is 0. */
export interface Automaton {
  readonly classOf: Uint8Array;
  /** A row has the next state for each class, and at last the number of the set of parts that end there. */
  readonly table: Int32Array;
  /** Cells of a row. */
  readonly width: number;
  /** From here on some parts end in a state. */
  readonly firstEnd: number;
  /** The last state: a part ended that is enough by itself. */
  readonly over: number;
  /** Parts that end at the same place. */
  readonly sets: readonly (readonly number[])[];
}

/**
 * Makes the automaton.
 *
 * @param isEnough - for each part: whether the search is over when it is found
 * @returns `null` when it would be too large
 */
export function makeAutomaton(trie: Trie, isEnough: readonly boolean[], maxStates: number): Automaton | null {
  const { classes } = trie;
  const states = new States(trie.partAt, isEnough);
  const most = Math.min(maxStates, Math.floor(MAX_CELLS / (classes + 1)));
  const fromRoot = Array.from({ length: classes }, (): number[] => []);
  const next = Array.from({ length: classes }, (): number[] => []);
  const touched: number[] = [];
  addNext(trie, 0, fromRoot, touched);
  const rows = new Ints();
  for (const nodes of fromRoot) rows.push(states.find(nodes, NONE));
  for (let state = 1; state < states.count; state++) {
    if (states.count > most || states.work > MAX_WORK) return null;
    const at = rows.length;
    rows.repeat(0, classes);
    touched.length = 0;
    for (let i = 0; i < states.sizeOf(state); i++) addNext(trie, states.nodeOf(state, i), next, touched);
    for (const index of touched) {
      const nodes = next[index] as number[];
      rows.set(at + index, states.find(fromRoot[index] as number[], nodes));
      nodes.length = 0;
    }
  }
  return { classOf: trie.classOf, width: classes + 1, ...arrange(rows, states, classes) };
}

/** Adds for each class the nodes that it leads to. They stay in order, because later nodes have later children. */
function addNext({ childrenAt, classesOf }: Trie, node: number, next: number[][], touched: number[]): void {
  const end = childrenAt[node + 1] as number;
  for (let child = childrenAt[node] as number; child < end; child++) {
    const classes = classesOf[child] as readonly number[];
    for (let i = 0; i < classes.length; i++) {
      const nodes = next[classes[i] as number] as number[];
      if (nodes.length === 0) touched.push(classes[i] as number);
      nodes.push(child);
    }
  }
}

/** States where parts end come after all others, so that one comparison tells them apart. */
function arrange(rows: Ints, states: States, classes: number): Omit<Automaton, 'classOf' | 'width'> {
  const width = classes + 1;
  const numbers = new Map<string, number>();
  const sets: (readonly number[])[] = [];
  /** For each state the set of parts that end in it; -1: none. */
  const setOf = new Int32Array(states.count).fill(-1);
  let special = 0;
  for (let state = 0; state < states.count; state++) {
    const parts = states.partsOf(state);
    if (parts.length === 0) continue;
    const key = parts.join();
    const number = numbers.get(key) ?? sets.push(parts) - 1;
    numbers.set(key, number);
    setOf[state] = number;
    special++;
  }
  const firstEnd = (states.count - special) * width;
  const placeOf = new Int32Array(states.count);
  let [plainAt, endAt] = [0, firstEnd];
  for (const state of orderAlongWords(rows, states.count, classes)) {
    if (setOf[state] === -1) {
      placeOf[state] = plainAt;
      plainAt += width;
    } else {
      placeOf[state] = endAt;
      endAt += width;
    }
  }
  const over = states.count * width;
  const table = new Int32Array(over + width);
  for (let state = 0; state < states.count; state++) {
    const at = placeOf[state] as number;
    for (let i = 0; i < classes; i++) {
      const next = rows.at(state * classes + i);
      table[at + i] = next === OVER ? over : (placeOf[next] as number);
    }
    table[at + classes] = setOf[state] as number;
  }
  return { table, firstEnd, over, sets };
}

/** A state comes right after the one that leads to it, so that a long word is read from memory in order. */
function orderAlongWords(rows: Ints, count: number, classes: number): Int32Array {
  const order = new Int32Array(count);
  const isKnown = new Uint8Array(count);
  const waiting = [0];
  isKnown[0] = 1;
  for (let place = 0; place < count; place++) {
    const state = waiting.pop() as number;
    order[place] = state;
    for (let i = 0; i < classes; i++) {
      const next = rows.at(state * classes + i);
      if (next === OVER || isKnown[next] === 1) continue;
      isKnown[next] = 1;
      waiting.push(next);
    }
  }
  return order;
}
