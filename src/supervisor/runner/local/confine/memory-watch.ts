/** Ends a process that has more memory than it may, where no control group does. */

import { readMemory } from '../../../../process-usage.js';

const LOOK_EVERY_MS = 50;

/** Looks at one process until it is closed. */
export class MemoryWatch {
  hasExceeded = false;
  /** Private memory that it had mapped at the last look. */
  dataBytes = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param exceeded - called once */
  constructor(pid: number, limitBytes: number, exceeded: () => void) {
    this.#timer = setInterval(() => {
      const memory = readMemory(pid);
      if (memory === null) return;
      this.dataBytes = memory.dataBytes;
      if (memory.residentBytes <= limitBytes || this.hasExceeded) return;
      this.hasExceeded = true;
      exceeded();
    }, LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
