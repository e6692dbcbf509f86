/** What a crash was, in words: pure. */

import { basename } from 'node:path';
import { blamedFrame, type CardFrame, type CrashCard } from '../../../src/crashes/card.js';
import { isFault } from '../../../src/debug-command.js';

/** Addresses below are those of NULL and of members of what NULL points to. */
const NULL_PAGE = 0x1000n;

/** Whether another process sent the signal. abort() sends one too, to its own process. */
export function isFromOutside({ sender, pid }: Pick<CrashCard, 'sender' | 'pid'>): boolean {
  return sender !== null && sender !== pid;
}

/** What happened to the module, as the end of `module filter ...`. */
export function describeEnd(card: CrashCard): string {
  const { cause, signal, exitCode, sender, isOverflow, limit } = card;
  if (limit !== null) return `ran into its limit ${limit}`;
  switch (cause) {
    case 'hang':
      return 'hung';
    case 'memory':
      return 'was killed because memory ran out';
    case 'unreachable':
      return 'could not be reached and was killed';
    case 'start':
      return isFault(signal) ? 'crashed in its start' : 'did not start';
    case 'exit':
      return exitCode === null ? 'exited' : `exited with code ${exitCode}`;
    default:
      if (isOverflow) return 'used up its stack';
      if (isFromOutside(card)) return `was ended by ${signal ?? 'a signal'} from process ${sender}`;
      return signal === null || isFault(signal) ? 'crashed' : `was ended by ${signal}`;
  }
}

/** The cause in a column: `SIGSEGV`, `exit 7`, `hang`. */
export function nameCause({ cause, signal, exitCode, limit }: CrashCard): string {
  if (limit !== null) return `limit ${limit}`;
  if (cause === 'exit' && exitCode !== null) return `exit ${exitCode}`;
  if ((cause === 'crash' || cause === 'start') && signal !== null) return signal;
  return cause;
}

/** What the signal means, as far as it is known; `null`: there was none, or its name says it all. */
export function describeSignal(card: CrashCard): string | null {
  const { signal, signalCode, address, cause } = card;
  if (signal === null || cause === 'hang' || cause === 'unreachable' || cause === 'memory') return null;
  // The core has ended what did not start in time.
  if (cause === 'start' && signal === 'SIGKILL') return null;
  const at = address === null ? '' : ` at address ${address}`;
  const named = `${signal}${signalCode === null ? '' : ` (${signalCode})`}${at}`;
  const meaning = isFromOutside(card) ? null : meaningOf(card);
  // The sentence before has said it.
  if (!isFault(signal) && named === signal && meaning === null) return null;
  return meaning === null ? named : `${named}: ${meaning}`;
}

function meaningOf({ signal, signalCode, address, isOverflow, frames }: CrashCard): string | null {
  if (isOverflow) return 'the stack of the thread was used up, as by a recursion without an end';
  switch (signal) {
    case 'SIGSEGV':
      if (isNull(frames[0]?.address)) return 'a function pointer was called that is NULL';
      if (isNull(address)) return 'a NULL pointer was used';
      return signalCode === 'SEGV_ACCERR' ? 'memory was used in a way that it does not allow' : null;
    case 'SIGABRT':
      return 'abort() was called, as by a failed assertion, an uncaught C++ exception or a damaged heap';
    case 'SIGFPE':
      return signalCode === 'FPE_INTDIV' ? 'a number was divided by zero' : null;
    case 'SIGBUS':
      return 'memory was used that has nothing behind it, as after a mapped file became shorter';
    case 'SIGILL':
      return 'the processor does not know the instruction';
    case 'SIGTRAP':
      return 'a breakpoint in the code was reached';
    case 'SIGSYS':
      return 'a system call was made that is not allowed';
    default:
      return null;
  }
}

function isNull(address: string | null | undefined): boolean {
  return typeof address === 'string' && /^0x[0-9a-f]+$/.test(address) && BigInt(address) < NULL_PAGE;
}

/** Where, in short: `filter_on_message at filter.c:42`; `null`: not known. */
export function describePlace(card: CrashCard): string | null {
  const frame = blamedFrame(card.frames) ?? card.frames[0];
  return frame === undefined ? null : describeFrame(frame, true);
}

/** One function: with its line, or its offset, or the file and the offset in that. */
export function describeFrame(frame: CardFrame, isShort = false): string {
  const { function: name, functionOffset, source, line, object, offset, address } = frame;
  const place = source === null ? null : `${isShort ? basename(source) : source}${line === null ? '' : `:${line}`}`;
  if (name !== null) {
    const by = functionOffset === null ? '' : `+0x${functionOffset.toString(16)}`;
    if (place !== null) return `${name} at ${place}`;
    return object === null || isShort ? `${name}${by}` : `${name}${by} in ${basename(object)}`;
  }
  if (place !== null) return place;
  if (object !== null) return `${basename(object)}${offset === null ? '' : `+${offset}`}`;
  return address;
}

/** What it was executing: `on_message of message 4711`; `null`: nothing. */
export function describeExecuted({ callback, message }: CrashCard): string | null {
  if (callback === null) return null;
  return message === null || !callback.startsWith('on_message') ? callback : `${callback} of message ${message.id}`;
}
