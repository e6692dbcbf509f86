/** What the process of one host uses, as far as somebody has looked. */

import { countDescriptorsOf } from '../../descriptors.js';
import { type ProcessUsage, readUsage } from '../../process-usage.js';

/** Remembers the last look. */
export class HostUsage {
  #last: ProcessUsage | null = null;
  #descriptors: number | null = null;

  /** What it used when it was looked at last; `null`: it never was. */
  get last(): ProcessUsage | null {
    return this.#last;
  }

  /** Its descriptors then; `null`: they were never counted. */
  get descriptors(): number | null {
    return this.#descriptors;
  }

  /** What it uses now; `null`: it is gone, or cannot be looked at. */
  read(pid: number): ProcessUsage | null {
    const usage = readUsage(pid);
    // Once it has ended, another process may get its pid before the end is known here.
    if (usage === null || (this.#last !== null && usage.start !== this.#last.start)) return null;
    this.#last = usage;
    return usage;
  }

  /** Counts its descriptors, outside of the event loop. */
  count(pid: number): void {
    void countDescriptorsOf(pid).then((count) => {
      this.#descriptors = count ?? this.#descriptors;
    });
  }
}
