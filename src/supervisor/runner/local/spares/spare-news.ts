/** What becomes of spare hosts, for programs that want to watch them. The log has nothing of it. */

import { channel } from 'node:diagnostics_channel';

/** What is published on the channel `mesibo-modules:spare-host`. */
export interface SpareNews {
  /** It can be taken; a module has taken it; it is of no use any more, and is ended if it has not ended. */
  kind: 'waits' | 'taken' | 'ends';
  pid: number;
  /** Why it ends; `null`: it is not wanted any more. */
  reason: string | null;
}

const news = channel('mesibo-modules:spare-host');

/** Publishes it. */
export function tellSpare(told: SpareNews): void {
  news.publish(told);
}
