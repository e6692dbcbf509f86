import { describe, expect, it } from 'vitest';
import { type DeathFacts, judgeDeath } from '../../../../src/supervisor/host/death.js';
import type { HostLife, StopCause } from '../../../../src/supervisor/host/host-lifecycle.js';
import { describeTry, describeDeath as inWords } from '../../../../src/supervisor/news/describe-death.js';
import { makeFacts } from '../../../helpers/death-facts.js';

const stopping = (cause: StopCause): HostLife => ({ kind: 'stopping', stage: 'killed', cause });
const executing = { kind: 'message', messageId: 7n } as const;
/** The cause as it is recognised, and the line that describes it. */
const describeDeath = (of: DeathFacts) => ({ ...judgeDeath(of), text: inWords(of, judgeDeath(of)) });
const remedy = 'start_timeout is 5s; raise it if the module needs longer';

describe.each([
  [
    'a signal that halted it, as it was traced by the core',
    { exitCode: 0, halted: true, executing },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was halted by a signal, because the module had made the core its tracer (PTRACE_TRACEME), and ' +
      'was killed while executing on_message of message 7',
  ],
  [
    'a signal in a call',
    { signal: 'SIGSEGV', executing },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was ended by SIGSEGV while executing on_message of message 7',
  ],
  [
    'a signal between calls',
    { signal: 'SIGKILL' },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was ended by SIGKILL between calls',
  ],
  [
    'an exit in a call',
    { exitCode: 0, exitCalled: 0, executing },
    'exit',
    'HOST_EXITED',
    'module m: host 3 (pid 42) called exit(0) while executing on_message of message 7; nobody had asked it to end',
  ],
  [
    'a hang in a call',
    { from: stopping('hang'), signal: 'SIGKILL', executing },
    'hang',
    'HOST_HUNG',
    'module m: host 3 (pid 42) did not return from on_message of message 7 in time (hang is 2500ms) and was killed',
  ],
  [
    'an exit with more than eight bits',
    { exitCode: 255, exitCalled: -1 },
    'exit',
    'HOST_EXITED',
    'module m: host 3 (pid 42) called exit(255) between calls; nobody had asked it to end',
  ],
  [
    'silence outside of calls',
    { from: stopping('unreachable'), signal: 'SIGKILL', unreachable: { kind: 'silent', silentMs: 9.2 } },
    'unreachable',
    'HOST_UNREACHABLE',
    'module m: host 3 (pid 42) cannot be reached: it has answered nothing for 9 ms while it executed no call; it was killed',
  ],
  [
    'a kill for want of memory',
    { signal: 'SIGKILL', oomStruck: true, executing },
    'memory',
    'HOST_OUT_OF_MEMORY',
    'module m: host 3 (pid 42) was killed by the kernel because memory ran out while executing on_message of message 7; the machine, or its control group, has too little memory, or the module leaks',
  ],
  [
    'another signal while memory was short',
    { signal: 'SIGSEGV', oomStruck: true },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was ended by SIGSEGV between calls',
  ],
  ['a stop', { from: stopping('stop'), exitCode: 0 }, 'stop', 'HOST_EXITED', 'module m: host 3 (pid 42) was stopped'],
  [
    'a stop before a process that could not be started',
    { from: stopping('stop'), pid: 0, served: false, refusal: { code: 'HOST_START_FAILED', message: 'EMFILE' } },
    'stop',
    'HOST_EXITED',
    'module m: host 3 (pid 0) was stopped',
  ],
  [
    'a stop by force',
    { from: stopping('stop'), signal: 'SIGKILL' },
    'stop',
    'HOST_EXITED',
    'module m: host 3 (pid 42) was stopped by SIGKILL',
  ],
  [
    'a crash in cleanup',
    { from: stopping('stop'), signal: 'SIGSEGV', phase: 'cleanup' },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was ended by SIGSEGV in its cleanup',
  ],
  [
    'an exit code in cleanup',
    { from: stopping('stop'), exitCode: 3, phase: 'cleanup' },
    'exit',
    'HOST_EXITED',
    'module m: host 3 (pid 42) ended with _exit(3) in its cleanup; nobody had asked it to end',
  ],
  [
    'a lie of a host that served',
    {
      from: stopping('violation'),
      signal: 'SIGKILL',
      refusal: { code: 'HANDSHAKE_FAILED', message: 'it sent a message of 9 bytes' },
    },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) can no longer be trusted and was killed: it sent a message of 9 bytes; most likely the module has overwritten memory of its process',
  ],
  [
    'a broken handshake',
    {
      from: stopping('violation'),
      signal: 'SIGKILL',
      served: false,
      refusal: { code: 'HANDSHAKE_FAILED', message: '9 bytes from the host are not a frame of the protocol' },
    },
    'start',
    'HANDSHAKE_FAILED',
    'module m: 9 bytes from the host are not a frame of the protocol',
  ],
  [
    'a refusal',
    {
      from: stopping('refused'),
      exitCode: 0,
      refusal: { code: 'MODULE_NO_INIT', message: '/m.so: no init; add one' },
      lastWords: ['a "b"'],
    },
    'start',
    'MODULE_NO_INIT',
    'module m: /m.so: no init; add one; its last words: "a \\"b\\""',
  ],
  [
    'a crash in init',
    { from: { kind: 'starting' }, signal: 'SIGSEGV', phase: 'init' },
    'start',
    'MODULE_START_CRASHED',
    'module m: /m.so: it was ended by SIGSEGV in its init; run the init under a debugger',
  ],
  [
    'a crash in a constructor',
    { from: { kind: 'starting' }, signal: 'SIGABRT', phase: 'loading' },
    'start',
    'MODULE_START_CRASHED',
    'module m: /m.so: it was ended by SIGABRT while being loaded: a constructor of the file, or of a library that it needs, is at fault; load it under a debugger',
  ],
  [
    'a host that did not come up',
    { from: { kind: 'starting' }, exitCode: 1, phase: 'booting', lastWords: ['no memory'] },
    'start',
    'MODULE_START_CRASHED',
    'module m: /m.so: the host process ended with _exit(1) before it could load the module; its last words: "no memory"',
  ],
  [
    'an init that hangs',
    { from: stopping('start-timeout'), signal: 'SIGKILL', phase: 'init' },
    'start',
    'MODULE_START_TIMEOUT',
    `module m: /m.so: its init did not return in time; ${remedy}`,
  ],
  [
    'a constructor that hangs',
    { from: stopping('start-timeout'), signal: 'SIGKILL', phase: 'loading' },
    'start',
    'MODULE_START_TIMEOUT',
    `module m: /m.so: loading it did not end in time: a constructor of the file, or of a library that it needs, hangs; ${remedy}`,
  ],
  [
    'a host that is too slow to come up',
    { from: stopping('start-timeout'), signal: 'SIGKILL', phase: 'booting', startTimeoutMs: 1500 },
    'start',
    'MODULE_START_TIMEOUT',
    'module m: /m.so: the host process did not come up in time; start_timeout is 1500ms; raise it if the module needs longer',
  ],
  [
    'a host that never says that it is ready',
    { from: stopping('start-timeout'), signal: 'SIGKILL', phase: 'serving', lastWords: ['one', 'two'] },
    'start',
    'MODULE_START_TIMEOUT',
    `module m: /m.so: the host did not report ready in time; ${remedy}; its last words: "one", "two"`,
  ],
  [
    'a module that ends the process in its init',
    { from: { kind: 'starting' }, exitCode: 0, phase: 'init' },
    'start',
    'MODULE_START_CRASHED',
    'module m: /m.so: it ended with _exit(0) in its init; run the init under a debugger',
  ],
  [
    'a crash right after init',
    { from: { kind: 'starting' }, signal: 'SIGBUS', phase: 'serving' },
    'start',
    'MODULE_START_CRASHED',
    'module m: /m.so: it was ended by SIGBUS right after its init',
  ],
  [
    'a host of another version, which exits by itself',
    {
      from: { kind: 'starting' },
      exitCode: 1,
      phase: 'booting',
      refusal: { code: 'HANDSHAKE_FAILED', message: 'install the same version of both' },
    },
    'start',
    'HANDSHAKE_FAILED',
    'module m: install the same version of both',
  ],
  [
    'a process that could not be started',
    {
      from: { kind: 'starting' },
      phase: 'booting',
      refusal: { code: 'HOST_START_FAILED', message: 'the host process could not be started: spawn EAGAIN' },
    },
    'start',
    'HOST_START_FAILED',
    'module m: the host process could not be started: spawn EAGAIN',
  ],
  [
    'a signal from outside before its module is loaded',
    { from: { kind: 'starting' }, signal: 'SIGTERM', phase: 'booting', served: false },
    'stop',
    'HOST_EXITED',
    'module m: host 3 (pid 42) was ended by SIGTERM before it could load the module; another process had sent the signal',
  ],
  [
    'a stop before it was ready',
    { from: stopping('stop'), signal: 'SIGTERM', phase: 'init', served: false },
    'stop',
    'HOST_EXITED',
    'module m: host 3 (pid 42) was stopped by SIGTERM',
  ],
  [
    'a signal while it finishes its calls',
    { from: { kind: 'draining' }, signal: 'SIGABRT', executing },
    'crash',
    'HOST_CRASHED',
    'module m: host 3 (pid 42) was ended by SIGABRT while executing on_message of message 7',
  ],
  [
    'an exit while it finishes its calls',
    { from: { kind: 'draining' }, exitCode: 0 },
    'exit',
    'HOST_EXITED',
    'module m: host 3 (pid 42) ended with _exit(0) between calls; nobody had asked it to end',
  ],
  [
    'a hang that was found while it was off again',
    { from: stopping('hang'), signal: 'SIGKILL', executing, hangMs: null },
    'hang',
    'HOST_HUNG',
    'module m: host 3 (pid 42) did not return from on_message of message 7 in time and was killed',
  ],
] as [string, Partial<DeathFacts>, string, string, string][])('%s', (_, changes, cause, code, text) => {
  it('is recognised and described in one line', () => {
    const death = describeDeath(makeFacts(changes));
    expect(death).toMatchObject({ cause, code, text });
    expect(death.text).not.toContain('\n');
    const reasons: Record<string, string> = { hang: 'hang', stop: 'down', start: 'down' };
    expect(death.reason).toBe(reasons[cause] ?? 'crash');
  });
});

it('a start that calls a function that nothing provides is distinguished from a crash', () => {
  const said = 'node: symbol lookup error: /m.so: undefined symbol: SSL_new';
  const changes: Partial<DeathFacts> = { from: { kind: 'starting' }, served: false, phase: 'init', exitCode: 127 };
  expect(describeDeath(makeFacts({ ...changes, lastWords: ['before', said] }))).toMatchObject({
    cause: 'start',
    code: 'MODULE_UNRESOLVED_SYMBOL',
    text: `module m: /m.so: nothing provides the symbol SSL_new; link the module with -lssl -lcrypto; its last words: "before", ${JSON.stringify(said)}`,
  });
  for (const other of [{ lastWords: ['no words of the linker'] }, { lastWords: [said], exitCode: 1 }])
    expect(describeDeath(makeFacts({ ...changes, ...other }))).toMatchObject({ code: 'MODULE_START_CRASHED' });
});

describe('a try of an ABI', () => {
  const starting: Partial<DeathFacts> = { from: { kind: 'starting' }, served: false, phase: 'init' };
  const refused = { code: 'MODULE_INIT_REFUSED', message: '/m.so: mesibo_module_m_init returned -1' } as const;
  const unresolved = { code: 'MODULE_UNRESOLVED_SYMBOL', message: '/m.so: nothing provides it' } as const;

  it.each<[string, Partial<DeathFacts>, string]>([
    [
      'refused',
      { from: stopping('refused'), exitCode: 0, refusal: refused, lastWords: ['why', 'not'] },
      'mesibo_module_m_init returned -1; its last words: "why", "not"',
    ],
    ['a signal', { signal: 'SIGSEGV', lastWords: ['oh'] }, 'it was ended by SIGSEGV in its init; its last words: "oh"'],
    ['an exit', { exitCode: 3, exitCalled: 3 }, 'it called exit(3) in its init'],
    ['an exit after init', { exitCode: 3, phase: 'serving' }, 'it ended with _exit(3) right after its init'],
    [
      'a hang',
      { from: stopping('start-timeout'), signal: 'SIGKILL' },
      'its init did not return in time (start_timeout is 5s)',
    ],
  ])('%s', (_, changes, text) => {
    expect(describeTry(makeFacts({ ...starting, ...changes }))).toBe(text);
  });

  it.each<[string, Partial<DeathFacts>]>([
    ['before init', { signal: 'SIGABRT', phase: 'loading' }],
    ['before the file was loaded', { signal: 'SIGKILL', phase: 'booting' }],
    ['a file that cannot be loaded', { from: stopping('refused'), refusal: unresolved, phase: 'loading' }],
    [
      'a host that broke the protocol',
      { from: stopping('violation'), refusal: { ...unresolved, code: 'HANDSHAKE_FAILED' } },
    ],
    ['as ordered', { from: stopping('stop'), signal: 'SIGTERM' }],
    ['of a module that had served', { served: true, signal: 'SIGSEGV', from: { kind: 'ready' }, phase: 'serving' }],
  ])('says nothing when it ended %s', (_, changes) => {
    expect(describeTry(makeFacts({ ...starting, ...changes }))).toBeNull();
  });
});

describe('a file that was overwritten while it was loaded', () => {
  const named = 'most likely because its file was overwritten while it was loaded, as cp does; put files in place with';

  it.each<[string, Partial<DeathFacts>]>([
    ['crash', { signal: 'SIGBUS', executing }],
    ['exit', { exitCode: 1 }],
    ['hang', { from: stopping('hang'), signal: 'SIGKILL' }],
    ['failed start', { from: { kind: 'starting' }, served: false, phase: 'loading', signal: 'SIGBUS' }],
  ])('is named as the likely cause of a %s', (_, changes) => {
    expect(describeDeath(makeFacts({ ...changes, overwritten: true })).text).toContain(named);
    expect(describeDeath(makeFacts(changes)).text).not.toContain(named);
  });

  it.each<[string, Partial<DeathFacts>]>([
    ['stop', { from: stopping('stop'), exitCode: 0 }],
    ['lack of memory', { signal: 'SIGKILL', oomStruck: true }],
    ['SIGKILL that somebody sent', { signal: 'SIGKILL' }],
    ['SIGKILL that somebody sent at its start', { from: { kind: 'starting' }, served: false, signal: 'SIGKILL' }],
  ])('is not the cause of a %s', (_, changes) => {
    expect(describeDeath(makeFacts({ ...changes, overwritten: true })).text).not.toContain('overwritten');
  });
});
