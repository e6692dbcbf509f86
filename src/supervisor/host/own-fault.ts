/** Whether what a host was executing ended it: pure. */

import { constants } from 'node:os';
import type { CrashNote } from '../../wire/crash-note.js';
import type { HostEnd } from './host-listener.js';

/** What is looked at. */
export type FaultyEnd = Pick<HostEnd, 'what' | 'isFileToBlame'> & {
  facts: Pick<HostEnd['facts'], 'signal' | 'exitCode' | 'exitCalled' | 'halted' | 'note' | 'pid'>;
};

/**
 * Whether the thread that calls the module ended the process by itself: by a fault, by a signal that the process sent itself, as
 * `abort()` does, or by `exit()`.
 *
 * It needs evidence. Without a note of that thread it says `false`, because another thread may be at fault: after `_exit`, after
 * SIGKILL, and where the module has a handler of its own for the signal. A kill by the core, by an operator, by a limit or for want
 * of memory is not its fault. Nor is a crash after its file was overwritten.
 */
export function isOwnFault({ what, isFileToBlame, facts }: FaultyEnd): boolean {
  const { note, signal, halted } = facts;
  if ((what.kind !== 'crash' && what.kind !== 'exit') || isFileToBlame || halted) return false;
  if (note === 'none' || note === 'ready' || !note.thread.isMain) return false;
  return signal === null ? hasExited(note, facts) : hasRaised(note, signal, facts.pid);
}

function hasExited({ isComplete, signal }: CrashNote, { exitCode, exitCalled }: FaultyEnd['facts']): boolean {
  // The system keeps the low eight bits.
  const isThatExit = exitCalled !== null && (exitCalled & 0xff) === exitCode;
  return isComplete && signal === null && isThatExit;
}

function hasRaised({ isComplete, signal, code, sender, thread }: CrashNote, ended: string, pid: number): boolean {
  if (signal === null) return false;
  // Where the handler did not come to its end, a second fault ended the process. The first one is the reason.
  if (isComplete && constants.signals[ended as NodeJS.Signals] !== signal) return false;
  if (code > 0) return true;
  // The main thread has the number of its process, also where the process has a namespace of its own for these numbers.
  return sender !== null && (sender === thread.id || sender === pid);
}
