/** The death of a host in words that an operator can act on: pure. */

import type { ErrorCode } from '../../errors.js';
import { describeMissingSymbol, missingSymbolOf } from '../../missing-symbol.js';
import type { Phase } from '../../wire/black-box.js';
import { OUTSIDE_SIGNALS } from '../runner/outside-signals.js';
import type { DeathCause, DefaultReason } from '../types.js';
import type { HostLife } from './host-lifecycle.js';

/** What is known of a host at its end. */
export interface DeathFacts {
  module: string;
  path: string;
  generation: number;
  pid: number;
  /** The state in which the exit came. */
  from: HostLife;
  exitCode: number | null;
  signal: string | null;
  /** A signal halted it, as the module had made the core its tracer, and it was killed. */
  halted: boolean;
  /** How far it had come, as its black box says. */
  phase: Phase;
  /** Whether it had become ready. */
  served: boolean;
  /** What the host said of its refusal, or what was wrong with what it said. */
  refusal: { code: ErrorCode; message: string } | null;
  /** The call being executed, in words; `null`: none. */
  executing: string | null;
  /** What module and process said last before they were ready. */
  lastWords: string[];
  /** With which code somebody in it called `exit()`; `null`: nobody did. */
  exitCalled: number | null;
  /** Whether the kernel's out-of-memory killer was at work just then. */
  oomStruck: boolean;
  /** Whether its file was written to while it had it loaded. */
  overwritten: boolean;
  /** Why it was taken for unreachable, in words; empty when it was not. */
  unreachable: string;
  startTimeoutMs: number;
  hangMs: number | null;
}

/** How a death is counted, told, and what calls it took with it get. */
export interface Death {
  cause: Exclude<DeathCause, 'trial'>;
  code: ErrorCode;
  text: string;
  reason: DefaultReason;
  /** Somebody ended it from outside before it could tell the core: most often whoever ends the whole core. */
  isStray?: boolean;
}

/** Tells a death apart: a failed start, a hang, a stop as ordered, a crash, an exit nobody asked for, and so on. */
export function describeDeath(facts: DeathFacts): Death {
  const death = tellApart(facts);
  // No damage to a process's memory raises SIGKILL: somebody sent it, or the core did where it says so.
  const wasKilled = facts.signal === 'SIGKILL' && facts.from.kind !== 'stopping';
  const isFault = death.cause !== 'stop' && death.cause !== 'memory' && !wasKilled;
  return facts.overwritten && isFault ? { ...death, text: `${death.text}; ${OVERWRITTEN}` } : death;
}

const OVERWRITTEN =
  'most likely because its file was overwritten while it was loaded, as cp does; put files in place with mv or install';

function tellApart(facts: DeathFacts): Death {
  const { from } = facts;
  if (from.kind === 'stopping' && from.cause === 'hang') return hang(facts);
  if (from.kind === 'stopping' && from.cause === 'unreachable') return unreachable(facts);
  if (from.kind === 'stopping' && from.cause === 'violation' && facts.served) return violation(facts);
  if (isStray(facts)) return strayed(facts);
  if (from.kind === 'starting' || (from.kind === 'stopping' && from.cause !== 'stop')) return failedStart(facts);
  if (from.kind === 'stopping' && wasOrdered(facts)) return stopped(facts);
  if (facts.signal === 'SIGKILL' && facts.oomStruck) return outOfMemory(facts);
  return facts.signal || facts.halted ? crash(facts) : exit(facts);
}

/** No code of the module has run yet, so the signal came from somebody else. */
function isStray({ from, phase, signal }: DeathFacts): boolean {
  return from.kind === 'starting' && phase === 'booting' && signal !== null && OUTSIDE_SIGNALS.has(signal);
}

function strayed(facts: DeathFacts): Death {
  const text = `${subject(facts)} ${ending(facts)} before it could load the module; somebody else has sent that`;
  return { cause: 'stop', code: 'HOST_EXITED', text, reason: 'down', isStray: true };
}

function wasOrdered({ from, exitCode, signal }: DeathFacts): boolean {
  if (from.kind !== 'stopping') return false;
  // Neither: the process could not even be started, and is not wanted any more.
  if (exitCode === null && signal === null) return true;
  return signal === null ? exitCode === 0 : signal === 'SIGKILL' || signal === 'SIGTERM';
}

/** With which the dynamic linker ends a process that calls a function which nothing provides. */
const LINKER_EXIT = 127;

function failedStart(facts: DeathFacts): Death {
  const death = (code: ErrorCode, what: string): Death => ({
    cause: 'start',
    code,
    text: `module ${facts.module}: ${what}${said(facts.lastWords)}`,
    reason: 'down',
  });
  if (facts.refusal) return death(facts.refusal.code, facts.refusal.message);
  if (facts.from.kind === 'stopping') {
    const remedy = `start_timeout is ${seconds(facts.startTimeoutMs)}; raise it if the module needs longer`;
    return death('MODULE_START_TIMEOUT', `${facts.path}: ${UNFINISHED[facts.phase]}; ${remedy}`);
  }
  const missing = facts.exitCode === LINKER_EXIT ? missingSymbolOf(facts.lastWords) : null;
  if (missing !== null) return death('MODULE_UNRESOLVED_SYMBOL', `${facts.path}: ${describeMissingSymbol(missing)}`);
  return death('MODULE_START_CRASHED', `${facts.path}: ${STARTING[facts.phase](ending(facts))}`);
}

/**
 * What became of a host that only tried an ABI; `null` when its end says nothing about that, because it came before init,
 * or was ordered.
 */
export function describeTry(facts: DeathFacts): string | null {
  const { from, refusal, phase, path, lastWords, startTimeoutMs } = facts;
  if (facts.served || (phase !== 'init' && phase !== 'serving')) return null;
  const told = (what: string) => `${what}${said(lastWords)}`;
  if (refusal) return refusal.code === 'MODULE_INIT_REFUSED' ? told(refusal.message.replace(`${path}: `, '')) : null;
  if (from.kind === 'starting') return told(`it ${ending(facts)} ${phase === 'init' ? 'in' : 'right after'} its init`);
  const late = from.kind === 'stopping' && from.cause === 'start-timeout';
  return late ? told(`${UNFINISHED[phase]} (start_timeout is ${seconds(startTimeoutMs)})`) : null;
}

const UNFINISHED: Record<Phase, string> = {
  booting: 'the host process did not come up in time',
  loading: 'loading it did not end in time: a constructor of the file, or of a library that it needs, hangs',
  init: 'its init did not return in time',
  serving: 'the host did not report ready in time',
  cleanup: 'the host did not report ready in time',
};

const STARTING: Record<Phase, (ending: string) => string> = {
  booting: (ending) => `the host process ${ending} before it could load the module`,
  loading: (ending) =>
    `it ${ending} while being loaded: a constructor of the file, or of a library that it needs, is at fault; load it under a debugger`,
  init: (ending) => `it ${ending} in its init; run the init under a debugger`,
  serving: (ending) => `it ${ending} right after its init`,
  cleanup: (ending) => `it ${ending} right after its init`,
};

function hang(facts: DeathFacts): Death {
  const limit = facts.hangMs === null ? '' : ` (hang is ${seconds(facts.hangMs)})`;
  const what = `did not return from ${facts.executing ?? 'a callback'} in time${limit}`;
  return { cause: 'hang', code: 'HOST_HUNG', text: `${subject(facts)} ${what} and was killed`, reason: 'hang' };
}

function unreachable(facts: DeathFacts): Death {
  const text = `${subject(facts)} cannot be reached: ${facts.unreachable}; it was killed`;
  return { cause: 'unreachable', code: 'HOST_UNREACHABLE', text, reason: 'crash' };
}

function outOfMemory(facts: DeathFacts): Death {
  const remedy = 'the machine, or its control group, has too little memory, or the module leaks';
  const text = `${subject(facts)} was ended by the kernel for want of memory${during(facts)}; ${remedy}`;
  return { cause: 'memory', code: 'HOST_OUT_OF_MEMORY', text, reason: 'crash' };
}

function violation(facts: DeathFacts): Death {
  const what = `cannot be trusted any more and was killed: ${facts.refusal?.message}`;
  const cause = 'the module has overwritten memory of its process';
  return {
    cause: 'crash',
    code: 'HOST_CRASHED',
    text: `${subject(facts)} ${what}; most likely ${cause}`,
    reason: 'crash',
  };
}

function crash(facts: DeathFacts): Death {
  return {
    cause: 'crash',
    code: 'HOST_CRASHED',
    text: `${subject(facts)} ${ending(facts)}${during(facts)}`,
    reason: 'crash',
  };
}

function exit(facts: DeathFacts): Death {
  const text = `${subject(facts)} ${ending(facts)}${during(facts)}, which nobody had asked for`;
  return { cause: 'exit', code: 'HOST_EXITED', text, reason: 'crash' };
}

function stopped(facts: DeathFacts): Death {
  const how = facts.signal ? ` by ${facts.signal}` : '';
  return { cause: 'stop', code: 'HOST_EXITED', text: `${subject(facts)} was stopped${how}`, reason: 'down' };
}

function subject({ module, generation, pid }: DeathFacts): string {
  return `module ${module}: host ${generation} (pid ${pid})`;
}

function ending({ signal, exitCode, exitCalled, halted }: DeathFacts): string {
  if (halted)
    return 'was halted by a signal, as the module had made the core its tracer (PTRACE_TRACEME), and was killed';
  if (signal) return `was ended by ${signal}`;
  // The system keeps the low eight bits.
  const called = exitCalled !== null && (exitCalled & 0xff) === exitCode;
  return called ? `called exit(${exitCode})` : `ended with _exit(${exitCode})`;
}

function during({ executing, phase }: DeathFacts): string {
  if (executing) return ` while executing ${executing}`;
  return phase === 'cleanup' ? ' in its cleanup' : ' between calls';
}

function said(lines: string[]): string {
  return lines.length === 0 ? '' : `; its last words: ${lines.map((line) => JSON.stringify(line)).join(', ')}`;
}

function seconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
