/** Ends a process that has more memory than it may, where no control group does. */

import { readChildren } from '../../../../proc.js';
import { readMemory } from '../../../../process-usage.js';

const LOOK_EVERY_MS = 50;
/** At every so many looks, at what the process has started too. */
const CHILDREN_EVERY = 5;
/** A look takes no longer when a module forks without end. */
const MAX_CHILDREN = 200;

/** Looks at one process, and at those that it has started, until it is closed. */
export class MemoryWatch {
  hasExceeded = false;
  /** Private memory that it had mapped at the last look. */
  dataBytes = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param exceeded - called once, for the first of them that has more than the limit */
  constructor(pid: number, limitBytes: number, exceeded: () => void) {
    let looks = 0;
    const isOver = (one: number) => (readMemory(one)?.residentBytes ?? 0) > limitBytes;
    this.#timer = setInterval(() => {
      const memory = readMemory(pid);
      if (memory === null) return;
      this.dataBytes = memory.dataBytes;
      if (this.hasExceeded) return;
      looks += 1;
      const isChildOver = () => looks % CHILDREN_EVERY === 0 && readDescendants(pid).some(isOver);
      if (memory.residentBytes <= limitBytes && !isChildOver()) return;
      this.hasExceeded = true;
      exceeded();
    }, LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** What a process has started, and what these have started. What has lost its parent meanwhile is not found. */
function readDescendants(pid: number): number[] {
  const found = readChildren(pid);
  for (let at = 0; at < found.length && found.length < MAX_CHILDREN; at++) {
    found.push(...readChildren(found[at] as number));
  }
  return found.slice(0, MAX_CHILDREN);
}
