/** Looks names up, one at a time. */

import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';

type Told = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Lookup = (hostname: string, options: LookupOptions, told: Told) => void;

/**
 * A look-up for connections to one server. The system's may take as long as it likes, and holds a thread meanwhile that the store
 * of the core needs too. So whoever asks while it is in progress waits for the one that was begun.
 */
export function sharedLookup(begin: Lookup = lookup as Lookup): Lookup {
  const waiting = new Map<string, Told[]>();
  return (hostname, options, told) => {
    const key = `${hostname} ${JSON.stringify(options)}`;
    const all = waiting.get(key);
    if (all) {
      all.push(told);
      return;
    }
    const asking = [told];
    waiting.set(key, asking);
    begin(hostname, options, (...found) => {
      waiting.delete(key);
      for (const tell of asking) tell(...found);
    });
  };
}
