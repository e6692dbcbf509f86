/** The faults, one row each: what a module does wrong and what must come of it. Everything else is asserted alike. */

import type { DeathCause, DefaultReason, ModuleOptions } from 'mesibo-modules';

/**
 * Where a fault happens:
 *
 * - `message`: in on_message, in the middle of a batch
 * - `thread`: the same, on a thread of the module that on_message waits for
 * - `idle`: on a thread of the module, while nothing is in progress
 * - `status`: in on_message_status
 * - `http`: in the callback of a request that on_message made, between calls
 * - `synchronous`: in the callback of a request that on_message waits for
 * - `init`, `constructor`: at the second start, after the first host crashed
 * - `cleanup`: at the stop
 */
export type Place =
  | 'message'
  | 'thread'
  | 'idle'
  | 'status'
  | 'http'
  | 'synchronous'
  | 'init'
  | 'constructor'
  | 'cleanup';

/** What the crash card of one end must name, beside its cause, its signal and its exit code. */
export interface CardNames {
  callback: string | null;
  /** The id of the message. */
  message: string | null;
  /** The function that the card blames; `null`: nothing can see where it was. */
  function: string | null;
  /** The name at the lines of the sources that may be blamed: `dies: NAME`. */
  mark: string;
}

/** How one host must have ended. */
export interface Exit {
  cause: DeathCause;
  signal: string | null;
  exitCode: number | null;
  /** What the operator must read of it. */
  says: RegExp;
  /** Absent: what the row says; `null`: there is no card, because the end was ordered. */
  card?: CardNames | null;
  /** How else it may have ended, where chance decides who notices first. */
  or?: Exit;
}

/** One fault. */
export interface FaultRow {
  title: string;
  /** Its name in `fault-*.c`. */
  fault: string;
  at: Place;
  /** The file in `build/`; absent: the one of the place. */
  file?: string;
  /** What its crash cards name, where an end does not say it itself. */
  card: CardNames;
  settings?: Partial<ModuleOptions>;
  /** Milliseconds; of the core. */
  heartbeatMs?: number;
  /** The reason of the default verdict on the call with the fault; `null`: it has the module's own verdict. */
  killer: DefaultReason | null;
  /** The same for the messages that were sent right behind it. */
  after: DefaultReason | null;
  /** The hosts that end, in order, before the core is stopped. */
  exits: Exit[];
  /** How the last one ends. */
  stop: Exit;
  /** Verdicts that come after the default was given. */
  late?: number;
  /** A line that the process prints on stderr, beside its last words. */
  prints?: RegExp;
}

const STOPPED: Exit = { cause: 'stop', signal: null, exitCode: 0, says: /was stopped$/, card: null };

/** No callback of these rows comes near it, on however slow a machine. */
const PATIENT = { deadlineMs: 60_000, hangMs: 60_000 };

/** The stack of a callback is taken 3 s before `hang`: enough on however busy a machine. */
const SLOW = { deadlineMs: 60_000, hangMs: 6000 };

/** A row, but for what it leaves to its place. */
type Rest = Partial<Omit<FaultRow, 'card'>> & { card?: Partial<CardNames> };

function row(title: string, at: Place, fault: string, { card, ...rest }: Rest): FaultRow {
  const names = { ...CALLBACKS[at], function: fault.replaceAll('-', '_'), mark: fault, ...card };
  return { title, at, fault, card: names, killer: null, after: null, exits: [], stop: STOPPED, ...rest };
}

/** What the module is called for at each place. */
const CALLBACKS: Record<Place, Pick<CardNames, 'callback' | 'message'>> = {
  message: { callback: 'on_message', message: '20' },
  thread: { callback: 'on_message', message: '20' },
  synchronous: { callback: 'on_message', message: '20' },
  http: { callback: 'an http callback', message: '20' },
  status: { callback: 'on_message_status', message: '20' },
  idle: { callback: null, message: null },
  init: { callback: 'init', message: null },
  constructor: { callback: 'the loading of its file', message: null },
  cleanup: { callback: 'cleanup', message: null },
};

/** No handler sees the signal, or the end. */
const UNSEEN = { function: null };

/** Ends the host by a signal in on_message. */
function crash(title: string, fault: string, signal: string, rest: Rest = {}): FaultRow {
  const says = new RegExp(`was ended by ${signal} while executing on_message of message 20; it is started again now$`);
  return row(title, 'message', fault, {
    killer: 'crash',
    settings: PATIENT,
    exits: [{ cause: 'crash', signal, exitCode: null, says }],
    ...rest,
  });
}

/** Ends the host by an exit in on_message. */
function exit(title: string, fault: string, exitCode: number, how: string, rest: Rest = {}): FaultRow {
  const says = new RegExp(`${how} while executing on_message of message 20; nobody had asked it to end;`);
  return row(title, 'message', fault, {
    killer: 'crash',
    settings: PATIENT,
    exits: [{ cause: 'exit', signal: null, exitCode, says }],
    ...rest,
  });
}

/** Does not return from on_message, and is killed for it. */
function hang(title: string, fault: string, rest: Rest = {}): FaultRow {
  const says = /did not return from on_message of message 20 in time \(hang is 6s\) and was killed;/;
  return row(title, 'message', fault, {
    killer: 'hang',
    settings: SLOW,
    exits: [{ cause: 'hang', signal: 'SIGKILL', exitCode: null, says }],
    ...rest,
  });
}

/** Neither ends nor holds up the host. */
function harmless(title: string, at: Place, fault: string, rest: Rest = {}): FaultRow {
  return row(title, at, fault, { settings: PATIENT, ...rest });
}

const between = (how: string) => new RegExp(`${how} between calls`);

/** What the processor, the kernel or the allocator notices. */
export const CRASHES: FaultRow[] = [
  crash('a write to address 0', 'segv', 'SIGSEGV'),
  crash('a write to address 0, where the default is to consume', 'segv', 'SIGSEGV', {
    settings: { ...PATIENT, onFailure: 'consume' },
  }),
  crash('a jump to address 0', 'call-null', 'SIGSEGV'),
  crash('abort', 'abort', 'SIGABRT', { card: { function: 'call_abort' } }),
  crash('a mapping behind the end of its file', 'bus', 'SIGBUS'),
  crash('a division by zero', 'fpe', 'SIGFPE'),
  crash('an instruction that does not exist', 'ill', 'SIGILL'),
  crash('a recursion without end', 'recursion', 'SIGSEGV', { card: { function: 'descend' } }),
  crash('a frame larger than the stack', 'large-frame', 'SIGSEGV'),
  crash('a double free', 'double-free', 'SIGABRT', { prints: /double free/ }),
  crash('a write behind a block of the heap', 'heap-overrun', 'SIGABRT', {
    prints: /free|malloc|munmap_chunk|corrupted/,
  }),
  crash('SIGKILL by its own hand, which is not for want of memory', 'sigkill', 'SIGKILL', { card: UNSEEN }),
  crash('SIGTERM by its own hand', 'sigterm', 'SIGTERM', { card: UNSEEN }),
  crash('a crash on a thread that on_message waits for', 'segv', 'SIGSEGV', { at: 'thread' }),
  row('a crash on a thread while nothing is under way', 'idle', 'segv', {
    settings: PATIENT,
    exits: [{ cause: 'crash', signal: 'SIGSEGV', exitCode: null, says: between('was ended by SIGSEGV') }],
  }),
];

/** The end of the process, asked for by the module, and handlers that it put in the way of a crash. */
export const EXITS: FaultRow[] = [
  exit('exit(0)', 'exit-0', 0, String.raw`called exit\(0\)`),
  exit('_exit(3)', '_exit-3', 3, String.raw`ended with _exit\(3\)`, { card: UNSEEN }),
  exit('exit(7) on a thread that on_message waits for', 'exit-7', 7, String.raw`called exit\(7\)`, { at: 'thread' }),
  row('exit(7) on a thread while nothing is under way', 'idle', 'exit-7', {
    settings: PATIENT,
    exits: [{ cause: 'exit', signal: null, exitCode: 7, says: between(String.raw`called exit\(7\)`) }],
  }),
  exit('a SIGSEGV handler that exits', 'handler-exits', 9, String.raw`ended with _exit\(9\)`, { card: UNSEEN }),
  hang('a SIGSEGV handler that does not return', 'handler-loops', { card: { function: 'stay' } }),
  harmless('threads that end in the middle of a log line', 'message', 'cancel-loggers'),
  harmless('a thread that is at work when the process is to end', 'message', 'leave-a-thread'),
];

/** Without descriptors: ZeroMQ and Node abort when they notice, unless the core is first. */
const DEAF: Exit = {
  cause: 'crash',
  signal: 'SIGABRT',
  exitCode: null,
  says: /was ended by SIGABRT/,
  or: { cause: 'unreachable', signal: 'SIGKILL', exitCode: null, says: /cannot be reached: its connection is closed/ },
};

/** No end at all, or a late one; descriptors and output. */
export const STALLS: FaultRow[] = [
  hang('a loop without end', 'loop'),
  hang('a mutex locked twice', 'deadlock'),
  hang('a process that stops itself in a callback', 'sigstop'),
  hang('a loop beyond the deadline and then beyond hang', 'loop', {
    settings: { deadlineMs: 2000, hangMs: 6000 },
    killer: 'deadline',
    after: 'deadline',
  }),
  harmless('a verdict beyond the deadline', 'message', 'late', {
    settings: { deadlineMs: 2000, hangMs: 60_000 },
    killer: 'deadline',
    after: 'deadline',
    late: 1,
  }),
  row('a process that stops itself while nothing is under way', 'idle', 'sigstop', {
    card: UNSEEN,
    settings: PATIENT,
    heartbeatMs: 200,
    exits: [
      {
        cause: 'unreachable',
        signal: 'SIGKILL',
        exitCode: null,
        says: /cannot be reached: it has answered nothing for \d+ ms while it executed no call; it was killed;/,
      },
    ],
  }),
  row('a process that closes all its descriptors in a callback', 'message', 'close-everything', {
    // By then the callback is over.
    card: { ...UNSEEN, callback: null, message: null },
    settings: PATIENT,
    exits: [DEAF],
  }),
  row('a process that closes all its descriptors while nothing is under way', 'idle', 'close-everything', {
    card: UNSEEN,
    settings: PATIENT,
    exits: [DEAF],
  }),
  harmless('descriptors that run out', 'message', 'leak-descriptors'),
  harmless('a flood on stdout', 'message', 'flood-stdout'),
  harmless('a flood in the log', 'message', 'flood-log'),
];

const ARMED: Exit = {
  cause: 'crash',
  signal: 'SIGSEGV',
  exitCode: null,
  says: /it is started again now$/,
  card: { callback: 'on_message', message: '20', function: 'arm', mark: 'armed' },
};

/** The second start fails, the third succeeds; the messages in progress wait for it. */
function failedStart(title: string, at: 'init' | 'constructor', fault: string, exit: Omit<Exit, 'cause'>): FaultRow {
  return row(title, at, fault, {
    killer: 'crash',
    settings: { ...PATIENT, startTimeoutMs: 6000 },
    exits: [ARMED, { cause: 'start', ...exit }],
  });
}

function failedStop(title: string, fault: string, stop: Exit, rest: Rest = {}): FaultRow {
  return row(title, 'cleanup', fault, { settings: { ...PATIENT, stopTimeoutMs: 500 }, stop, ...rest });
}

/** Faults elsewhere than in on_message. */
export const PLACES: FaultRow[] = [
  row('a crash in on_message_status', 'status', 'segv', {
    killer: 'crash',
    settings: PATIENT,
    exits: [
      {
        cause: 'crash',
        signal: 'SIGSEGV',
        exitCode: null,
        says: /was ended by SIGSEGV while executing on_message_status of message 20; it is started again now$/,
      },
    ],
  }),
  row('a loop in on_message_status', 'status', 'loop', {
    killer: 'hang',
    settings: SLOW,
    exits: [
      {
        cause: 'hang',
        signal: 'SIGKILL',
        exitCode: null,
        says: /did not return from on_message_status of message 20 in time \(hang is 6s\) and was killed;/,
      },
    ],
  }),
  failedStart('a crash in init', 'init', 'segv', {
    signal: 'SIGSEGV',
    exitCode: null,
    says: /it was ended by SIGSEGV in its init; .*"last words in the log".*; it is started again in \d+ ms$/,
  }),
  failedStart('exit(0) in init', 'init', 'exit-0', {
    signal: null,
    exitCode: 0,
    says: /it called exit\(0\) in its init; .*; it is started again in \d+ ms$/,
  }),
  failedStart('a loop in init', 'init', 'loop', {
    signal: 'SIGKILL',
    exitCode: null,
    says: /its init did not return in time; start_timeout is 6s; .*; it is started again in \d+ ms$/,
  }),
  failedStart('a crash in a constructor', 'constructor', 'segv', {
    signal: 'SIGSEGV',
    exitCode: null,
    says: /it was ended by SIGSEGV while being loaded: a constructor .*; it is started again in \d+ ms$/,
  }),
  failedStart('a deadlock in a constructor', 'constructor', 'deadlock', {
    signal: 'SIGKILL',
    exitCode: null,
    says: /loading it did not end in time: a constructor .* hangs; start_timeout is 6s; .*; it is started again in \d+ ms$/,
  }),
  failedStop('a crash in cleanup', 'segv', {
    cause: 'crash',
    signal: 'SIGSEGV',
    exitCode: null,
    says: /was ended by SIGSEGV in its cleanup; it stays down, as ordered$/,
  }),
  failedStop('exit(7) in cleanup', 'exit-7', {
    cause: 'exit',
    signal: null,
    exitCode: 7,
    says: /called exit\(7\) in its cleanup; nobody had asked it to end; it stays down, as ordered$/,
  }),
  failedStop('a cleanup that does not return', 'loop', {
    ...STOPPED,
    signal: 'SIGTERM',
    exitCode: null,
    says: /was stopped by SIGTERM$/,
  }),
  failedStop('a cleanup that does not return, and ignores SIGTERM', 'ignore-sigterm', {
    ...STOPPED,
    signal: 'SIGKILL',
    exitCode: null,
    says: /was stopped by SIGKILL$/,
  }),
];

const IN_CALLBACK = 'a callback of an http request made in on_message of message 20';

/** The message that asked has its verdict by then; it is named, and those behind it find the next host. */
function inCallback(title: string, fault: string, exit: Exit, settings: Partial<ModuleOptions> = PATIENT): FaultRow {
  return row(title, 'http', fault, { settings, exits: [exit] });
}

/** Callbacks of http requests. */
export const REQUESTS: FaultRow[] = [
  inCallback('a crash in an http callback', 'segv', {
    cause: 'crash',
    signal: 'SIGSEGV',
    exitCode: null,
    says: new RegExp(`was ended by SIGSEGV while executing ${IN_CALLBACK}; it is started again now$`),
  }),
  inCallback('exit(7) in an http callback', 'exit-7', {
    cause: 'exit',
    signal: null,
    exitCode: 7,
    says: new RegExp(String.raw`called exit\(7\) while executing ${IN_CALLBACK}; nobody had asked it to end;`),
  }),
  inCallback(
    'an http callback that does not return',
    'loop',
    {
      cause: 'hang',
      signal: 'SIGKILL',
      exitCode: null,
      says: new RegExp(String.raw`did not return from ${IN_CALLBACK} in time \(hang is 6s\) and was killed;`),
    },
    SLOW,
  ),
  crash('a crash in the callback of a synchronous request', 'segv', 'SIGSEGV', { at: 'synchronous' }),
  exit('exit(7) in the callback of a synchronous request', 'exit-7', 7, String.raw`called exit\(7\)`, {
    at: 'synchronous',
  }),
  hang('a callback of a synchronous request that does not return', 'loop', { at: 'synchronous' }),
];

const CPP = { file: 'faulty-cpp.so' };
const RUST = { file: 'faulty-rust.so' };

/** A fault in C++, whose card has names as people write them. */
function cpp(title: string, fault: string, name: string, signal = 'SIGABRT', prints?: RegExp): FaultRow {
  return crash(`C++: ${title}`, fault, signal, { ...CPP, card: { function: name }, ...(prints && { prints }) });
}

function rust(title: string, fault: string, name: string, signal = 'SIGABRT', prints?: RegExp): FaultRow {
  const card = { function: name, mark: fault === 'segv' ? 'rust-segv' : fault };
  return crash(`Rust: ${title}`, fault, signal, { ...RUST, card, ...(prints && { prints }) });
}

const THROWN = /^terminate called after throwing an instance of 'std::/;

/** Faults as C++ has them. */
export const IN_CPP: FaultRow[] = [
  crash('C++: a write to address 0 in a template', 'segv', 'SIGSEGV', {
    ...CPP,
    card: { function: 'store<int>', mark: 'cpp-template' },
  }),
  cpp('a virtual function of nothing', 'cpp-virtual', 'call_virtual', 'SIGSEGV'),
  cpp('an exception that nobody catches', 'cpp-throw', 'throw_out', 'SIGABRT', THROWN),
  cpp('an exception of the library', 'cpp-at', 'throw_of_library', 'SIGABRT', THROWN),
  cpp('an exception out of a destructor', 'cpp-destructor', 'refuse', 'SIGABRT', THROWN),
  cpp('an element that a vector does not have', 'cpp-index', 'index_empty', 'SIGSEGV'),
  cpp('a call of an empty std::function', 'cpp-function', 'call_empty_function', 'SIGABRT', THROWN),
  cpp('an object that is deleted twice', 'cpp-delete', 'delete_twice', 'SIGABRT', /double free/),
  cpp('a crash in a lambda of a std::thread', 'cpp-thread', 'segv_in_thread', 'SIGSEGV'),
  cpp('an exception out of a std::thread', 'cpp-thread-throw', 'throw_in_thread', 'SIGABRT', THROWN),
  cpp('a recursion of a template', 'cpp-recursion', 'descend<2>', 'SIGSEGV'),
  exit('C++: std::exit(7)', 'cpp-exit', 7, String.raw`called exit\(7\)`, { ...CPP, card: { function: 'leave' } }),
  hang('C++: a loop in a lambda', 'cpp-loop', { ...CPP, card: { function: 'loop' } }),
];

const PANICKED = /panicked at .*faults-rust\.rs/;

/** Faults as Rust has them. */
export const IN_RUST: FaultRow[] = [
  rust('a write to address 0 in a generic function', 'segv', 'store', 'SIGSEGV'),
  rust('a panic', 'rust-panic', 'panic_out', 'SIGABRT', PANICKED),
  rust('an element that a vector does not have', 'rust-index', 'index_beyond', 'SIGABRT', PANICKED),
  rust('unwrap() of nothing', 'rust-unwrap', 'unwrap_nothing', 'SIGABRT', PANICKED),
  rust('std::process::abort()', 'rust-abort', 'abort'),
  rust('a crash in a closure of a thread', 'rust-thread', 'crash_in_thread', 'SIGSEGV'),
  rust('a recursion without end', 'rust-recursion', 'descend', 'SIGSEGV'),
  exit('Rust: std::process::exit(7)', 'rust-exit', 7, String.raw`called exit\(7\)`, {
    ...RUST,
    card: { function: 'leave' },
  }),
  hang('Rust: a loop without end', 'rust-loop', { ...RUST, card: { function: 'spin' } }),
];
