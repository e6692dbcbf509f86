/** The parts of many globs in one tree: those that begin in the same way share a way. Pure. */

import { allows, type Position } from '../glob-syntax.js';
import type { WantedParts } from './parts.js';

/** A tree of parts. Node 0 is the root. The children of a node stand together, and a later node has later children. */
export interface Trie {
  /** The children of node n are the nodes from `childrenAt[n]` up to `childrenAt[n + 1]`. */
  readonly childrenAt: Int32Array;
  /** Which classes of bytes lead to a node. */
  readonly classesOf: readonly (readonly number[])[];
  /** The part that ends at a node; -1: none. */
  readonly partAt: Int32Array;
  /** Bytes of one class are the same for all parts. */
  readonly classOf: Uint8Array;
  readonly classes: number;
}

/** Makes the tree. The number of a part is its place in the list. */
export function makeTrie({ labels, parts }: WantedParts): Trie {
  const childOf = new Map<number, number>();
  const children: number[][] = [[]];
  const labelOf = [-1];
  const ends = new Map<number, number>();
  for (const [part, numbers] of parts.entries()) {
    let node = 0;
    for (const label of numbers) {
      const key = node * labels.length + label;
      let child = childOf.get(key);
      if (child === undefined) {
        child = labelOf.push(label) - 1;
        childOf.set(key, child);
        children.push([]);
        children[node]?.push(child);
      }
      node = child;
    }
    ends.set(node, part);
  }
  const { classOf, classes } = classify(labels);
  const classesOfLabel = labels.map((label) => classesIn(label, classOf));
  const order = [0];
  const childrenAt = new Int32Array(labelOf.length + 1);
  // The list grows as it is read.
  for (let place = 0; place < order.length; place++) {
    childrenAt[place] = order.length;
    for (const child of children[order[place] as number] as number[]) order.push(child);
  }
  childrenAt[order.length] = order.length;
  const classesOf = order.map((node) => classesOfLabel[labelOf[node] as number] ?? []);
  const partAt = Int32Array.from(order, (node) => ends.get(node) ?? -1);
  return { childrenAt, classesOf, partAt, classOf, classes };
}

/** Bytes that no label tells apart are one class. */
function classify(labels: readonly Position[]): { classOf: Uint8Array; classes: number } {
  const classOf = new Uint8Array(256);
  let classes = 1;
  for (const label of labels) {
    // For each class those of its bytes that the label allows, unless that is all of them.
    const split = new Map<number, number>();
    const refused = new Set<number>();
    for (let byte = 0; byte < 256; byte++) if (!allows(label, byte)) refused.add(classOf[byte] as number);
    for (let byte = 0; byte < 256; byte++) {
      const before = classOf[byte] as number;
      if (!allows(label, byte) || !refused.has(before)) continue;
      if (!split.has(before)) split.set(before, classes++);
      classOf[byte] = split.get(before) as number;
    }
  }
  return { classOf, classes };
}

function classesIn(label: Position, classOf: Uint8Array): number[] {
  const found = new Set<number>();
  for (let byte = 0; byte < 256; byte++) if (allows(label, byte)) found.add(classOf[byte] as number);
  return [...found].sort((one, other) => one - other);
}
