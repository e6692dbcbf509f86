/** What a card takes from the note that a process left of its own end. Pure. */

import type { CrashNote } from '../wire/crash-note.js';
import type { CrashCard } from './card.js';
import { codeName, faultAddress } from './signals.js';

/** The fields of a card that the note alone says. */
export type Noted = Pick<
  CrashCard,
  'buildId' | 'signalCode' | 'sender' | 'address' | 'isOverflow' | 'thread' | 'isCut'
>;

/**
 * Reads them.
 *
 * @param note - `null`: there is none
 * @param file - the file of the module
 */
export function notedIn(note: CrashNote | null, file: string): Noted {
  if (note === null) return NOTHING;
  const { signal, code, sender, objects, isOverflow, thread, isCut } = note;
  return {
    buildId: objects.find(({ path }) => path === file)?.buildId ?? null,
    signalCode: signal === null ? null : codeName(signal, code),
    sender: code <= 0 ? sender : null,
    address: faultAddress(note),
    isOverflow,
    thread: { ...thread },
    isCut,
  };
}

const NOTHING: Noted = {
  buildId: null,
  signalCode: null,
  sender: null,
  address: null,
  isOverflow: false,
  thread: null,
  isCut: false,
};
