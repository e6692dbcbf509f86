/** Why a card has no stack, or not all of it, in words. Pure. */

import { isFault } from '../debug-command.js';
import type { DeathEvidence } from '../supervisor/types.js';
import { signalName } from './signals.js';

type Facts = Pick<DeathEvidence, 'note' | 'signal' | 'cause' | 'wasKilledByCore' | 'hasCalledExit' | 'phase'>;

/** `null`: nothing is missing. */
export function whyNoFrames(facts: Facts): string | null {
  const { note } = facts;
  if (typeof note === 'string') return whyNoNote(facts, note);
  if (!note.isComplete) return 'the handler of the signal did not come to its end, most likely because it faulted too';
  const noted = note.signal === null ? null : signalName(note.signal);
  if (facts.signal !== null && noted !== facts.signal)
    return `the stack is that of ${noted ?? 'exit()'}, and ${facts.signal} ended the process`;
  if (note.isCut) return `the stack is deeper: only its innermost ${note.frames.length} frames are kept`;
  return note.frames.length === 0 ? 'the stack could not be walked' : null;
}

function whyNoNote({ signal, cause, wasKilledByCore, hasCalledExit, phase }: Facts, note: 'none' | 'ready'): string {
  if (cause === 'hang') return 'there was no time to look at it from outside before it was killed';
  if (cause === 'memory') return "the kernel's out-of-memory killer ended it, which no handler can see";
  if (cause === 'limit' && signal === 'SIGKILL')
    return 'it was killed because it had reached its limit of memory, which no handler can see';
  if (cause === 'limit') return 'its limit ended it in a way that no handler can see';
  if (wasKilledByCore) return 'the core killed it, which no handler can see';
  if (signal === 'SIGKILL') return 'SIGKILL ended it, which no handler can see';
  if (signal === null && !hasCalledExit) return 'it ended with _exit, which no handler can see';
  if (note === 'none' && phase === 'booting') return 'it ended before its handler was there';
  if (note === 'none') return 'its handler was not there, or the module has overwritten the memory that it writes to';
  if (signal === null) return 'exit() was called where its handler could not note the stack';
  // The handler in a host takes the signals of faults.
  return isFault(signal)
    ? `the module had replaced the handler of ${signal}, or had blocked the signal`
    : `${signal} has no handler that notes the stack`;
}
