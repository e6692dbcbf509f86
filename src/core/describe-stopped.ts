/** What a start says of a module that an order has stopped: pure. */

import { coreCommand, type Sentence, sentence } from '../sentence.js';

/** That it stays stopped, and what starts it. */
export function describeStopped(name: string): Sentence {
  return sentence`module ${name} stays stopped; to start it: ${coreCommand('start', name)}`;
}
