/** The death of a host in words that an operator can act on: the only place that has them. Pure. */

import { ABI_UNCHOSEN } from '../../abi-unchosen.js';
import { describeMissingSymbol } from '../../missing-symbol.js';
import type { Phase } from '../../wire/black-box.js';
import { type Death, type DeathFacts, judgeTry, type Unreachable } from '../host/death.js';
import { describeExecuting } from './describe-executing.js';
import { describeHost } from './describe-host.js';

/** One line: which module and host, what happened, and what to do. */
export function describeDeath(facts: DeathFacts, death: Pick<Death, 'what' | 'isFileToBlame'>): string {
  const text = describe(facts, death.what);
  return death.isFileToBlame ? `${text}; ${OVERWRITTEN}` : text;
}

/** What became of a host that only tried an ABI; `null` when its end says nothing about that. */
export function describeTry(facts: DeathFacts): string | null {
  const { phase, path, refusal, lastWords, startTimeoutMs } = facts;
  const told = (what: string) => `${what}${said(lastWords)}`;
  switch (judgeTry(facts)) {
    case 'refused':
      return told((refusal?.message ?? '').replace(`${path}: `, ''));
    case 'ended':
      return told(`it ${ending(facts)} ${phase === 'init' ? 'in' : 'right after'} its init`);
    case 'timeout':
      return told(`${UNFINISHED[phase]} (start_timeout is ${seconds(startTimeoutMs)})`);
    case null:
      return null;
  }
}

const OVERWRITTEN =
  'most likely because its file was overwritten while it was loaded, as cp does; put files in place with mv or install';

function describeLimit({ hangMs, callbackMs }: DeathFacts): string {
  if (callbackMs === null) return '';
  if (callbackMs === hangMs) return ` (hang is ${seconds(hangMs)})`;
  return ` (on probation it has ${seconds(callbackMs)}, so that messages behind it do not reach their deadline)`;
}

function describe(facts: DeathFacts, what: Death['what']): string {
  const { path, phase } = facts;
  switch (what.kind) {
    case 'hung': {
      const callback = facts.executing ? describeExecuting(facts.executing) : 'a callback';
      return `${subject(facts)} did not return from ${callback} in time${describeLimit(facts)} and was killed`;
    }
    case 'unreachable':
      return `${subject(facts)} cannot be reached: ${describeUnreachable(what.how)}; it was killed`;
    case 'violation': {
      const what = `can no longer be trusted and was killed: ${facts.refusal?.message}`;
      return `${subject(facts)} ${what}; most likely the module has overwritten memory of its process`;
    }
    case 'stray':
      return `${subject(facts)} ${ending(facts)} before it could load the module; another process had sent the signal`;
    case 'refused':
      return failedStart(facts, what.message);
    case 'start-timeout': {
      const remedy = `start_timeout is ${seconds(facts.startTimeoutMs)}; raise it if the module needs longer`;
      return failedStart(facts, `${path}: ${UNFINISHED[phase]}; ${remedy}`);
    }
    case 'unresolved':
      return failedStart(facts, `${path}: ${describeMissingSymbol(what.symbol)}`);
    case 'start-crash':
      return failedStart(facts, `${path}: ${STARTING[phase](ending(facts))}${limited(facts)}`);
    case 'stopped':
      return `${subject(facts)} was stopped${facts.signal ? ` by ${facts.signal}` : ''}`;
    case 'out-of-memory': {
      const remedy = 'the machine, or its control group, has too little memory, or the module leaks';
      return `${subject(facts)} was killed by the kernel because memory ran out${during(facts)}; ${remedy}`;
    }
    case 'limit': {
      const remedy = 'raise the limit if the module needs more, or look for a leak';
      return `${subject(facts)} reached its limit (${what.limit}) and ${ending(facts)}${during(facts)}; ${remedy}`;
    }
    case 'crash':
      return `${subject(facts)} ${ending(facts)}${during(facts)}`;
    case 'exit':
      return `${subject(facts)} ${ending(facts)}${during(facts)}; nobody had asked it to end`;
  }
}

function limited({ limit }: DeathFacts): string {
  return limit === null ? '' : `; it had reached its limit (${limit}), which may be too low for it`;
}

function failedStart({ module, lastWords }: DeathFacts, what: string): string {
  return `module ${module}: ${what}${said(lastWords)}`;
}

function describeUnreachable(how: Unreachable): string {
  return how.kind === 'silent'
    ? `it has answered nothing for ${Math.round(how.silentMs)} ms while it executed no call`
    : 'its connection is closed, although its process runs; the module may have closed every file descriptor';
}

const UNFINISHED: Record<Phase, string> = {
  booting: 'the host process did not come up in time',
  loading: 'loading it did not end in time: a constructor of the file, or of a library that it needs, hangs',
  init: 'its init did not return in time',
  'init-by-default': `its init did not return in time; ${ABI_UNCHOSEN}`,
  serving: 'the host did not report ready in time',
  cleanup: 'the host did not report ready in time',
};

const STARTING: Record<Phase, (ending: string) => string> = {
  booting: (ending) => `the host process ${ending} before it could load the module`,
  loading: (ending) =>
    `it ${ending} while being loaded: a constructor of the file, or of a library that it needs, is at fault; load it under a debugger`,
  init: (ending) => `it ${ending} in its init; run the init under a debugger`,
  'init-by-default': (ending) => `it ${ending} in its init; ${ABI_UNCHOSEN}; else run the init under a debugger`,
  serving: (ending) => `it ${ending} right after its init`,
  cleanup: (ending) => `it ${ending} right after its init`,
};

function subject(facts: DeathFacts): string {
  return `module ${facts.module}: ${describeHost(facts)}`;
}

function ending({ signal, exitCode, exitCalled, halted }: DeathFacts): string {
  if (halted)
    return 'was halted by a signal, because the module had made the core its tracer (PTRACE_TRACEME), and was killed';
  if (signal) return `was ended by ${signal}`;
  // The system keeps the low eight bits.
  const called = exitCalled !== null && (exitCalled & 0xff) === exitCode;
  return called ? `called exit(${exitCode})` : `ended with _exit(${exitCode})`;
}

function during({ executing, phase }: DeathFacts): string {
  if (executing) return ` while executing ${describeExecuting(executing)}`;
  return phase === 'cleanup' ? ' in its cleanup' : ' between calls';
}

function said(lines: string[]): string {
  return lines.length === 0 ? '' : `; its last words: ${lines.map((line) => JSON.stringify(line)).join(', ')}`;
}

function seconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
