/** The parts that some globs look for, each of them once. Pure. */

import type { Glob } from '../glob.js';
import type { Part, Position } from '../glob-syntax.js';

/** What globs look for. */
export interface WantedParts {
  readonly globs: readonly Glob[];
  /** What a position may be, each once. */
  readonly labels: readonly Position[];
  /** Each part as the numbers of its labels. */
  readonly parts: readonly (readonly number[])[];
  /** For each glob the numbers of its parts, in order. */
  readonly steps: readonly (readonly number[])[];
}

/** Finds the parts of globs. Each glob has a middle. */
export function findParts(globs: readonly Glob[]): WantedParts {
  const labels = new Labels();
  const numbers = new Map<string, number>();
  const parts: number[][] = [];
  const findPart = (part: Part) => {
    const labelled = part.map((position) => labels.find(position));
    const key = labelled.join();
    const number = numbers.get(key) ?? parts.push(labelled) - 1;
    numbers.set(key, number);
    return number;
  };
  const steps = globs.map(({ middle }) => middle.map(findPart));
  return { globs, labels: labels.all, parts, steps };
}

/** Whether a glob fits as soon as its one part is found. */
export function isOneWord({ head, middle, tail }: Glob): boolean {
  return head.length === 0 && middle.length === 1 && tail?.length === 0;
}

class Labels {
  readonly all: Position[] = [];
  /** By the object first, because comparing sets takes long. */
  readonly #numbers = new Map<Position, number>();
  readonly #ofSets = new Map<string, number>();

  find(position: Position): number {
    const known = this.#numbers.get(position);
    if (known !== undefined) return known;
    const key = typeof position === 'number' ? null : position.join('');
    const number = (key !== null ? this.#ofSets.get(key) : undefined) ?? this.all.push(position) - 1;
    this.#numbers.set(position, number);
    if (key !== null) this.#ofSets.set(key, number);
    return number;
  }
}
