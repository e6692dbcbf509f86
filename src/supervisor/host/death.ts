/** The death of a host, told apart: pure. Here it is facts; `news/` has the words. */

import type { ErrorCode } from '../../errors.js';
import { missingSymbolOf } from '../../missing-symbol.js';
import type { Sentence } from '../../sentence.js';
import type { Phase } from '../../wire/black-box.js';
import type { CrashNote } from '../../wire/crash-note.js';
import { OUTSIDE_SIGNALS } from '../runner/outside-signals.js';
import type { DeathCause, DefaultReason } from '../types.js';
import type { Executing } from './executing.js';
import type { HostLife } from './host-lifecycle.js';

/** What is known about a host at its end. */
export interface DeathFacts {
  module: string;
  path: string;
  generation: number;
  pid: number;
  /** Of several replicas; absent: its module has one. */
  replica?: number;
  /** Its process started before its module was known. */
  spare: boolean;
  /** The state in which the exit came. */
  from: HostLife;
  exitCode: number | null;
  signal: string | null;
  /** A signal halted it, because the module had made the core its tracer, and it was killed. */
  halted: boolean;
  /** How far it had come, as its black box says. */
  phase: Phase;
  /** Whether it had become ready. */
  served: boolean;
  /** What the host said of its refusal, or what was wrong with what it said. */
  refusal: Refusal | null;
  /** What it was executing; `null`: nothing. */
  executing: Executing | null;
  /** The last lines of module and process before they were ready. */
  lastWords: string[];
  /** The code with which it called `exit()`; `null`: it did not. */
  exitCalled: number | null;
  /** What it noted of its own end; `none`: it had no handler for that; `ready`: its handler was not called. */
  note: CrashNote | 'none' | 'ready';
  /** Whether the kernel's out-of-memory killer was at work just then. */
  oomStruck: boolean;
  /** The limit of its module that ended it, as the configuration has it; `null`: none. */
  limit: string | null;
  /** Whether its file was written to while it had it loaded. */
  overwritten: boolean;
  /** Why it was taken for unreachable; `null`: it was not. */
  unreachable: Unreachable | null;
  startTimeoutMs: number;
  hangMs: number | null;
  /** How long a callback was allowed to run: on probation that may be less than `hang`. */
  callbackMs: number | null;
  /** The main file of the configuration that its module stands in; absent: it stands in none. */
  configFile?: string;
}

/** Why a host cannot be used; an error is one. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  /** What helps; the message ends with it. `null`: nothing is known, or the message says it already. */
  remedy?: Sentence | null;
}

/** How a host cannot be reached. */
export type Unreachable =
  /** It executes no call, and has answered nothing for so long. */
  | { kind: 'silent'; silentMs: number }
  /** Its connection is closed, and its process runs. */
  | { kind: 'closed' };

/** What a death was. */
export type DeathKind =
  /** A callback ran for too long, and the core killed it. */
  | { kind: 'hung' }
  | { kind: 'unreachable'; how: Unreachable }
  /** It said something impossible after it had served. */
  | { kind: 'violation' }
  /** Somebody ended it from outside before it could tell the core. Most often the whole core is being ended. */
  | { kind: 'stray' }
  /** It did not become ready: it said why, or the core found out. */
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'start-timeout' }
  /** It called a function in its start that nothing provides. */
  | { kind: 'unresolved'; symbol: string }
  | { kind: 'start-crash' }
  /** As ordered. */
  | { kind: 'stopped' }
  | { kind: 'out-of-memory' }
  /** It reached a limit of its module, as the configuration has it. */
  | { kind: 'limit'; limit: string }
  /** A signal that it raised itself, or that somebody sent. */
  | { kind: 'crash' }
  /** It exited; nobody had asked it to end. */
  | { kind: 'exit' };

/** How a death is counted, and what calls it took with it get. */
export interface Death {
  what: DeathKind;
  cause: Exclude<DeathCause, 'trial'>;
  code: ErrorCode;
  reason: DefaultReason;
  /** Most likely because its file was overwritten while it was loaded. */
  isFileToBlame: boolean;
}

const CAUSES: Record<Exclude<DeathKind['kind'], 'refused'>, Pick<Death, 'cause' | 'code'>> = {
  hung: { cause: 'hang', code: 'HOST_HUNG' },
  unreachable: { cause: 'unreachable', code: 'HOST_UNREACHABLE' },
  violation: { cause: 'crash', code: 'HOST_CRASHED' },
  stray: { cause: 'stop', code: 'HOST_EXITED' },
  'start-timeout': { cause: 'start', code: 'MODULE_START_TIMEOUT' },
  unresolved: { cause: 'start', code: 'MODULE_UNRESOLVED_SYMBOL' },
  'start-crash': { cause: 'start', code: 'MODULE_START_CRASHED' },
  stopped: { cause: 'stop', code: 'HOST_EXITED' },
  'out-of-memory': { cause: 'memory', code: 'HOST_OUT_OF_MEMORY' },
  limit: { cause: 'limit', code: 'HOST_LIMIT_REACHED' },
  crash: { cause: 'crash', code: 'HOST_CRASHED' },
  exit: { cause: 'exit', code: 'HOST_EXITED' },
};

/** Tells a death apart: a failed start, a hang, a stop as ordered, a crash, an exit nobody asked for, and so on. */
export function judgeDeath(facts: DeathFacts): Death {
  const what = tellApart(facts);
  const { cause, code } = what.kind === 'refused' ? ({ cause: 'start', code: what.code } as const) : CAUSES[what.kind];
  // No damage to a process's memory raises SIGKILL: somebody sent it, or the core did where it says so.
  const wasKilled = facts.signal === 'SIGKILL' && facts.from.kind !== 'stopping';
  const isFault = cause !== 'stop' && cause !== 'memory' && cause !== 'limit' && !wasKilled;
  return { what, cause, code, reason: reasonOf(cause), isFileToBlame: facts.overwritten && isFault };
}

function reasonOf(cause: Death['cause']): DefaultReason {
  if (cause === 'hang') return 'hang';
  return cause === 'stop' || cause === 'start' ? 'down' : 'crash';
}

function tellApart(facts: DeathFacts): DeathKind {
  const { from, unreachable } = facts;
  if (from.kind === 'stopping' && from.cause === 'hang') return { kind: 'hung' };
  if (from.kind === 'stopping' && from.cause === 'unreachable' && unreachable) {
    return { kind: 'unreachable', how: unreachable };
  }
  if (from.kind === 'stopping' && from.cause === 'violation' && facts.served) return { kind: 'violation' };
  if (isStray(facts)) return { kind: 'stray' };
  if (from.kind === 'starting' || (from.kind === 'stopping' && from.cause !== 'stop')) return tellStartApart(facts);
  if (from.kind === 'stopping' && wasOrdered(facts)) return { kind: 'stopped' };
  if (facts.limit !== null) return { kind: 'limit', limit: facts.limit };
  if (facts.signal === 'SIGKILL' && facts.oomStruck) return { kind: 'out-of-memory' };
  return { kind: facts.signal || facts.halted ? 'crash' : 'exit' };
}

/** No code of the module has run yet, so the signal came from somebody else. */
function isStray({ from, phase, signal }: DeathFacts): boolean {
  return from.kind === 'starting' && phase === 'booting' && signal !== null && OUTSIDE_SIGNALS.has(signal);
}

function wasOrdered({ exitCode, signal }: DeathFacts): boolean {
  // Neither: the process could not even be started, and is no longer wanted.
  if (exitCode === null && signal === null) return true;
  return signal === null ? exitCode === 0 : signal === 'SIGKILL' || signal === 'SIGTERM';
}

/** The exit code of the dynamic linker when a process calls a function that nothing provides. */
const LINKER_EXIT = 127;

function tellStartApart({ refusal, from, exitCode, lastWords }: DeathFacts): DeathKind {
  if (refusal) return { kind: 'refused', ...refusal };
  if (from.kind === 'stopping') return { kind: 'start-timeout' };
  const symbol = exitCode === LINKER_EXIT ? missingSymbolOf(lastWords) : null;
  return symbol === null ? { kind: 'start-crash' } : { kind: 'unresolved', symbol };
}

/** Whether it says nothing about its module: a spare process ended or hung before it began with the module. */
export function isLostSpare({ spare, phase, served, refusal, from }: DeathFacts): boolean {
  const isOrdered = from.kind === 'stopping' && from.cause !== 'start-timeout';
  return spare && !isOrdered && !served && phase === 'booting' && refusal === null;
}

/** What became of a host that only tried an ABI. */
export type FailedTryKind = 'refused' | 'ended' | 'timeout';

/** `null` when its end says nothing about that, because it came before init, or was ordered. */
export function judgeTry({ from, refusal, phase, served }: DeathFacts): FailedTryKind | null {
  if (served || (phase !== 'init' && phase !== 'serving')) return null;
  if (refusal) return refusal.code === 'MODULE_INIT_REFUSED' ? 'refused' : null;
  if (from.kind === 'starting') return 'ended';
  return from.kind === 'stopping' && from.cause === 'start-timeout' ? 'timeout' : null;
}
