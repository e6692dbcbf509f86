/** A crash card: what is known of one death, as it stands in the state directory, one JSON file each. */

import { isOfLibrary, type StackFrame } from '../stacks/frame.js';
import type { DeathCause } from '../supervisor/types.js';
import type { ExecutedKind } from '../wire/event-kinds.js';

/** The form of the file. A reader refuses a later one. */
export const CARD_VERSION = 1;

/** How many calls and lines a card has at most. */
export const MAX_CARD_CALLS = 16;
export const MAX_CARD_LINES = 50;

/** One function on the stack. */
export type CardFrame = StackFrame;

/** A call that the module was given. 64-bit numbers are decimal texts. */
export interface CardCall {
  /** Its number with this host. */
  seq: number;
  kind: ExecutedKind;
  id: string;
  from: string | null;
  to: string | null;
  type: string;
  /** Of its payload, in bytes. */
  bytes: number;
  /** What the module answered; `null`: nothing. */
  verdict: 'pass' | 'consumed' | null;
  /** Whether `ID.calls` has it. */
  isKept: boolean;
}

/** A line of the log. */
export interface CardLine {
  /** In milliseconds since the epoch. */
  time: number;
  source: 'module' | 'stdout' | 'stderr' | 'supervisor';
  level: number;
  text: string;
}

/** One death. Every text in it that came from the module is as the module gave it: a terminal must not get it unescaped. */
export interface CrashCard {
  version: typeof CARD_VERSION;
  /** Names it; its file is named after it. */
  id: string;
  /** When the core saw the end, as ISO 8601. */
  time: string;
  module: string;
  /** The file that the module was loaded from, its SHA-256 and its build id; both hexadecimal. */
  file: string;
  sha256: string | null;
  buildId: string | null;
  abi: string | null;
  generation: number;
  pid: number;
  /** From the start of the process. */
  uptimeMs: number;
  cause: DeathCause;
  /** The line that the log has of it. */
  summary: string;
  /** `SIGSEGV`; `null`: none ended it. */
  signal: string | null;
  /** What the system said of the signal, such as `SEGV_MAPERR`; `null`: nothing. */
  signalCode: string | null;
  /** The process that sent it; `null`: the fault was its own, or it is not known. */
  sender: number | null;
  exitCode: number | null;
  /** The memory that could not be used. */
  address: string | null;
  /** Whether the stack of the thread was used up. */
  isOverflow: boolean;
  /** The one that faulted, or hung. */
  thread: { id: number; name: string; isMain: boolean } | null;
  /** How far the host had come. */
  phase: string;
  /** What it was executing, as `on_message`, `init` or `an http callback`; `null`: nothing. */
  callback: string | null;
  /** The call that it was executing, or that led to it. */
  message: CardCall | null;
  /** Whether the message is in quarantine because of this. */
  isQuarantined: boolean;
  /** Innermost first. */
  frames: CardFrame[];
  /** Whether there were more. */
  isCut: boolean;
  /** Why there are no frames, or no more; `null`: they are all there. */
  noFrames: string | null;
  /** What turned addresses into functions, and why not into more; `isPending`: it is still at work. */
  symbols: { by: string | null; isPending: boolean; remark: string | null };
  /** The last lines, oldest first; at most 50. */
  log: CardLine[];
  /** The last calls, oldest first; at most 16. */
  calls: CardCall[];
  /** Of the process, when it was looked at last. */
  memoryBytes: number | null;
  descriptors: number | null;
  /** The limit that it ran into, as the configuration has it: `memory = 64MiB`; `null`: none. */
  limit: string | null;
}

/**
 * A call in `ID.calls`: one JSON text a line, oldest first. 64-bit numbers are decimal texts. Addresses and the payload are base64,
 * because they need not be UTF-8. Of a login, `from` is the address of the user.
 */
export interface KeptCall {
  seq: number;
  kind: ExecutedKind;
  /** By their C names; what is left out is 0. */
  scalars: Record<string, string>;
  from: string | null;
  to: string | null;
  payload: string;
}

/** The directory of the cards, in the state directory. */
export const CARDS_DIRECTORY = 'crashes';

/**
 * The function that a card blames: the innermost one of the module that does not come from the standard library. If there is
 * none, the innermost one in a file of the module, or else the innermost one with a name.
 */
export function blamedFrame(frames: readonly CardFrame[]): CardFrame | null {
  const own = frames.filter(({ isOfModule }) => isOfModule);
  const best = own.find((frame) => !isOfLibrary(frame)) ?? own[0];
  return best ?? frames.find((frame) => frame.function !== null) ?? null;
}
