/** The states of a supervisor: each has what there is in it. */

import type { Household } from './household.js';
import type { Orders } from './orders/orders.js';
import type { Premises } from './premises.js';

/** From `starting` on the chain is complete. */
export type State =
  | { kind: 'new' }
  | Stoppable
  | Stopping
  | { kind: 'stopped'; household: Household | null; orders: Orders | null };

/** What a stop finds. */
export type Stoppable = Opening | Open | Recovering | Serving;

/** Its modules are there, and not started. */
interface Open {
  kind: 'open';
  household: Household;
}

/** Its modules do not start before its keeper has safely stored everything that they sent in an earlier core. */
interface Recovering {
  kind: 'recovering';
  household: Household;
  recovered: Promise<void>;
}

/** It takes its directories, and ends what killed cores left. */
export interface Opening {
  kind: 'opening';
  premises: Premises;
  opened: Promise<Household>;
}

/** Its modules are started, or about to be. */
export interface Serving {
  /** `starting`: not every module is ready or refused yet. */
  kind: 'starting' | 'running';
  household: Household;
  orders: Orders;
}

/** It takes no new events; those in progress are finished. */
export interface Stopping {
  kind: 'stopping';
  /** `null`: it was opening, and is not done with that. */
  household: Household | null;
  orders: Orders | null;
  stopped: Promise<void>;
}

/** Nothing is held, or ever was. */
export const GONE: State = { kind: 'stopped', household: null, orders: null };
