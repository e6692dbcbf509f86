/** Looks names up, one at a time. */

import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';

type Told = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Lookup = (hostname: string, options: LookupOptions, told: Told) => void;

/**
 * A look-up for connections to one server. The system's look-up may take long and holds a thread that the store of the core
 * needs too. So all connections that ask meanwhile share the look-up in progress.
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
