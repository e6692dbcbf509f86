/** What to try after a crash: pure. */

import type { CrashCard } from '../../../src/crashes/card.js';
import { isFault } from '../../../src/debug-command.js';
import { coreCommand, type Sentence, sentence } from '../../../src/sentence.js';
import { isFromOutside } from './words.js';

/** What the program knows beside the card. */
export interface Surroundings {
  /** Whether the card stands in the state directory, so that commands find it. */
  isStored: boolean;
}

/** The next steps, the first one first. */
export function adviseOn(card: CrashCard, { isStored }: Surroundings): Sentence[] {
  return [...ofCause(card), ...(isStored ? ofStored(card) : []), ...ofSymbols(card)];
}

function ofCause(card: CrashCard): Sentence[] {
  const { cause, signal, isOverflow, limit, callback } = card;
  if (limit !== null) return [sentence`let the module need less, or raise the limit in its limits { }`];
  if (isOverflow) return [sentence`look for a recursion without an end, and for large arrays in local variables`];
  switch (cause) {
    case 'hang':
      return [sentence`let ${callback ?? 'the callback'} not wait for so long, or raise "hang"`];
    case 'memory':
      return [sentence`look for a leak: give the module a limit of its own with limits { memory = ... }`];
    case 'exit':
      return [sentence`let the module return a result in the place of calling exit()`];
    case 'unreachable':
      return [sentence`look for a thread that keeps the process busy, or for code that closes all descriptors`];
    default:
      if (isFromOutside(card)) return [sentence`find out who sent the signal: it is no fault of the module`];
      // No handler sees who sent these, and a module may send one to its own process.
      return signal === null || isFault(signal)
        ? []
        : [sentence`find out who sent ${signal}: an operator, another program, or the module itself`];
  }
}

function ofStored(card: CrashCard): Sentence[] {
  const { id, module, message, calls, callback, signal, isQuarantined } = card;
  // What dies in its init dies without any call.
  const isKept = message?.isKept === true || calls.some((call) => call.isKept) || callback === 'init';
  const again = sentence`to see whether it dies again: ${coreCommand('crashes', 'replay', id)}`;
  const memory = sentence`to look for memory errors: ${coreCommand('crashes', 'replay', id, '--valgrind')}`;
  const debug = sentence`for a backtrace with arguments, by gdb: ${coreCommand('crashes', 'replay', id, '--gdb')}`;
  return [
    ...(isKept ? [again, ...(isFault(signal) ? [debug, memory] : [])] : []),
    ...(isQuarantined
      ? [
          sentence`the message went into quarantine; to see whether it is still there: ${coreCommand('quarantine', 'list', '--module', module)}`,
        ]
      : []),
    sentence`for more of the log: ${coreCommand('logs', module)}`,
  ];
}

function ofSymbols({ frames, symbols }: CrashCard): Sentence[] {
  if (symbols.isPending) return [sentence`look again in a moment: the names of functions are still being found`];
  const isWithoutLine = frames.some(({ isOfModule, source }) => isOfModule && source === null);
  // The remark of who looked for them says what would help.
  return isWithoutLine && symbols.by !== null && symbols.remark === null
    ? [sentence`build the module with -g: then the card names file and line`]
    : [];
}
