/** What becomes of spare hosts, for programs that want to watch them. The log has nothing of it. */

import { channel } from 'node:diagnostics_channel';

/** What is published on the channel `mesibo-modules:spare-host`. */
export interface SpareNews {
  /** `waits`: it can be taken. `taken`: a module has it. `ends`: it can no longer be used, and is ended if it still runs. */
  kind: 'waits' | 'taken' | 'ends';
  pid: number;
  /** Why it ends; `null`: it is no longer wanted. */
  reason: string | null;
}

const news = channel('mesibo-modules:spare-host');

/** Publishes it. */
export function tellSpare(told: SpareNews): void {
  news.publish(told);
}
