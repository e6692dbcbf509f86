/** A crash card in one line of the log. Pure. */

import { basename } from 'node:path';
import { coreCommand, type Sentence, sentence } from '../sentence.js';
import { blamedFrame, type CardFrame, type CrashCard } from './card.js';

/** A longer name is cut. */
const NAME_CHARACTERS = 200;

/** What of a card is told. */
export type Told = Pick<CrashCard, 'id' | 'module' | 'cause' | 'frames'> & { hasExited: boolean };

/**
 * Where it was, and the command that says more.
 *
 * @param isWritten whether there is a card
 * @returns `null`: nothing is known beside what the death itself said
 */
export function describeCard({ id, module, cause, hasExited, frames }: Told, isWritten: boolean): Sentence | null {
  const frame = blamedFrame(frames);
  const show = coreCommand('crashes', 'show', id);
  if (frame === null) return isWritten ? sentence`module ${module}: what is known of this end: ${show}` : null;
  const what = `module ${module}: ${VERBS[cause] ?? (hasExited ? 'ended' : 'crashed')} in ${placeOf(frame)}`;
  return isWritten ? sentence`${what}; see: ${show}` : sentence`${what}`;
}

const VERBS: Partial<Record<CrashCard['cause'], string>> = { hang: 'hung', exit: 'ended' };

/** As `filter_on_message at filter.c:42`, or what else is known of it. */
export function placeOf(frame: CardFrame): string {
  const { function: name, functionOffset, source, line, object, offset, address } = frame;
  const file = object === null ? null : basename(object);
  if (name === null) return file === null ? `unknown code at ${address}` : `${file}+${offset}`;
  const short = name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS)}...`;
  if (source !== null) return `${short} at ${basename(source)}${line === null ? '' : `:${line}`}`;
  const within = functionOffset === null ? short : `${short}+0x${functionOffset.toString(16)}`;
  return file === null ? within : `${within} of ${file}`;
}
