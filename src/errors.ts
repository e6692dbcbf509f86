/**
 * Every error class of the project. `code` is stable and meant for programs; the message is meant for the person
 * who has to act on it and names the module, what happened and the remedy.
 */

import { joinSentences, Sentence, sentence } from './sentence.js';

/** What each code means; a test keeps docs/errors.md equal to this. */
export const ERROR_CODES = {
  CONFIG_UNREADABLE: 'The configuration, or a file that it names, could not be read.',
  CONFIG_SYNTAX: 'The configuration file does not follow the grammar.',
  CONFIG_VALUE: 'A setting has a value that it cannot take.',
  RUN_DIR_BUSY: 'Another core holds the run directory.',
  RUN_DIR_UNUSABLE: 'The run directory cannot be made, or belongs to someone else.',
  SOCKET_PATH_TOO_LONG: 'A socket path in the run directory is longer than the system allows.',
  STATE_DIR_UNUSABLE: 'The state directory cannot be written, or what is in it cannot be read.',
  STATE_DIR_BUSY: 'Another core holds the state directory.',
  QUARANTINE_UNKNOWN: 'No message with that id is in quarantine.',
  INVALID_ARGUMENT: 'A call was given an argument that it cannot take.',
  MESSAGE_TOO_LARGE: 'A message or an address is over its limit; it was refused before it travelled.',
  ILLEGAL_STATE: 'The call does not fit the state that the supervisor or the module is in.',
  RELOAD_FAILED: 'A reload failed and changed nothing.',
  MODULE_UNKNOWN: 'No module of that name is configured.',
  MODULE_FILE_MISSING: 'The module file does not exist.',
  MODULE_FILE_UNREADABLE: 'The module file exists but cannot be read.',
  MODULE_FILE_EMPTY: 'The module file has no content.',
  MODULE_FILE_TRUNCATED: 'The module file ends before the parts that its header announces.',
  MODULE_FILE_CHANGED: 'The module file was changed while it was being loaded.',
  MODULE_FILE_PINNED: 'The module file does not have the SHA-256 that the configuration pins.',
  MODULE_BUILD_LOST: 'Neither the module file nor the copy that the core keeps holds the accepted build.',
  MODULE_NOT_ELF: 'The module file is not an ELF shared object.',
  MODULE_WRONG_ARCHITECTURE: 'The module file was built for another machine.',
  MODULE_NO_INIT: 'The module file exports no mesibo_module_<name>_init.',
  MODULE_NO_ABI: 'The module started with none of the ABIs that it may have been built for.',
  MODULE_ABI_MIXED: 'The sources of the module file were built for different ABIs.',
  MODULE_ABI_UNKNOWN: 'The module file was built for an ABI that this version does not know.',
  MODULE_UNRESOLVED_SYMBOL: 'The module needs a symbol that nothing provides.',
  MODULE_LOAD_FAILED: 'The dynamic linker refused the module file.',
  MODULE_INIT_REFUSED: 'The module returned non-zero from init.',
  MODULE_START_CRASHED: 'The host died before its module was ready.',
  MODULE_START_TIMEOUT: 'The module was not ready within start_timeout.',
  BLACK_BOX_UNAVAILABLE: 'There is no memory for a black box.',
  DIRECTORY_UNUSABLE: 'The working directory of a module cannot be used.',
  CONFINEMENT_UNAVAILABLE: 'This machine cannot keep the limits or the sandbox that a module asks for.',
  HOST_START_FAILED: 'The host process could not be started.',
  HANDSHAKE_FAILED: 'Core and host could not agree on how to talk.',
  HOST_CRASHED: 'A serving host was ended by a signal.',
  HOST_EXITED: 'A serving host exited without being asked to.',
  HOST_HUNG: 'A callback ran longer than hang and its host was killed.',
  HOST_UNREACHABLE: 'A host was killed because it did not answer between calls, or because it lost its connection.',
  HOST_OUT_OF_MEMORY: 'The kernel killed a host because memory ran out.',
  HOST_LIMIT_REACHED: 'A host ended because it reached one of its limits.',
  GATEWAY_UNUSABLE: 'The socket for chat servers cannot be made.',
  HTTP_UNUSABLE: 'The core cannot listen at the address for HTTP.',
  SECRET_UNUSABLE: 'A file with a token or another secret cannot be used.',
  FRAME_INVALID: 'A server or a client sent an invalid frame, or a frame that is not allowed at that point.',
  VERSION_UNKNOWN: 'Core and server speak no common version of the gateway protocol.',
  TOO_MANY_SERVERS: 'The gateway already serves as many servers as it can.',
  SERVER_NAME_TAKEN: 'Another process already takes the sends for a server of that name.',
  EVENT_ID_TAKEN: 'An earlier event with that id has no outcome yet.',
  SEND_UNKNOWN: 'No send with that id waits for an acknowledgement on the connection, or the id belongs to no module.',
  SENDS_UNACKNOWLEDGED:
    'Too many messages of modules wait for a server, so the core refused an event from that server.',
  STATUS_NOT_KEPT: 'A status was dropped: its module cannot take it now, and too many already wait.',
  CORE_STOPPING: 'The core is stopping and takes no more events.',
  REQUEST_INVALID: 'An HTTP request, or the JSON in it, cannot be understood.',
  REQUEST_TOO_SLOW: 'An HTTP request was not complete in time.',
  TOKEN_WRONG: 'An HTTP request has no token, or a wrong one.',
  ROUTE_UNKNOWN: 'The path of an HTTP request does not exist, or does not take its method.',
  MEDIA_TYPE_UNKNOWN: 'The headers of an HTTP request say that its body is not JSON.',
  TOO_MANY_REQUESTS: 'The core already has as many HTTP requests in progress as it takes.',
  REQUEST_FAILED: 'The core could not answer an HTTP request because of an error in the core.',
  STORE_UNUSABLE: 'Messages that modules sent cannot be stored on disk.',
  CRASH_UNKNOWN: 'No crash card has that id, or several have an id that begins so.',
  CRASH_UNREADABLE: 'Crash cards, or one of them, cannot be read.',
  CORE_NOT_RUNNING: 'No core serves the run directory.',
  CORE_SILENT: 'A core holds the run directory but did not answer in time.',
  CORE_WITHOUT_CONTROL: 'A supervisor in a program holds the run directory, and commands cannot reach it.',
  CORE_INCOMPATIBLE:
    'Something in the run directory answers, but it is not a core, or it is a core of another version.',
} as const;

/** A stable error code, one of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The fields an error may carry beside its code. */
export interface ErrorDetails {
  /** The configured name of the module concerned. */
  module?: string;
  /** The generation of the host concerned. */
  generation?: number;
  /** The signal that ended a host, as `SIGSEGV`. */
  signal?: string;
  /** The exit code of a host that ended without a signal. */
  exitCode?: number;
  /** What helps; the message ends with it. */
  remedy?: string | Sentence;
  cause?: unknown;
}

/** The base class of everything this project throws on purpose. */
export class SupervisorError extends Error {
  readonly code: ErrorCode;
  readonly module: string | undefined;
  readonly generation: number | undefined;
  readonly signal: string | undefined;
  readonly exitCode: number | undefined;
  /** The message without its remedy. */
  readonly what: string;
  /** What helps, with its commands as data; `null`: nothing known, or the message says it in passing. */
  readonly remedy: Sentence | null;
  readonly #what: Sentence;

  /** @param what - the message; a remedy in the details comes behind it */
  constructor(code: ErrorCode, what: string | Sentence, details: ErrorDetails = {}) {
    const { remedy, cause } = details;
    super(remedy === undefined ? `${what}` : `${what}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.what = `${what}`;
    this.#what = typeof what === 'string' ? new Sentence([what]) : what;
    this.remedy = typeof remedy === 'string' ? new Sentence([remedy]) : (remedy ?? null);
    this.module = details.module;
    this.generation = details.generation;
    this.signal = details.signal;
    this.exitCode = details.exitCode;
  }

  /** The message, with the commands in it as data. */
  get sentence(): Sentence {
    return this.remedy === null ? this.#what : sentence`${this.#what}; ${this.remedy}`;
  }

  /** The same, as why a module cannot be started; the message begins with its name. */
  ofModule(module: string): ModuleLoadError {
    const { code, generation, signal, exitCode, remedy } = this;
    return new ModuleLoadError(code, sentence`module ${module}: ${this.#what}`, {
      module,
      ...(generation === undefined ? {} : { generation }),
      ...(signal === undefined ? {} : { signal }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(remedy === null ? {} : { remedy }),
      cause: this,
    });
  }
}

/** What several errors say, each in a line of its own. */
export function sentenceOfAll(errors: readonly SupervisorError[]): Sentence {
  return joinSentences(
    errors.map((error) => error.sentence),
    '\n',
  );
}

/** A mistake in the configuration; the message begins with `file:line:column` where there is one. */
export class ConfigError extends SupervisorError {
  readonly file: string;
  /** 1-based; 0 when the mistake has no place, as for a file that cannot be read. */
  readonly line: number;
  /** 1-based, in characters; 0 when the mistake has no place. */
  readonly column: number;

  constructor(
    code: 'CONFIG_UNREADABLE' | 'CONFIG_SYNTAX' | 'CONFIG_VALUE',
    message: string,
    place: { file: string; line?: number; column?: number },
    details: ErrorDetails = {},
  ) {
    const prefix = place.line ? `${place.file}:${place.line}:${place.column ?? 1}: ` : `${place.file}: `;
    super(code, prefix + message, details);
    this.file = place.file;
    this.line = place.line ?? 0;
    this.column = place.column ?? 0;
  }
}

/** The run or state directory cannot be used: pick another, or end the core that holds it. */
export class DirectoryError extends SupervisorError {}

/** A message that the caller must shorten or correct; it never reached a module. */
export class MessageError extends SupervisorError {}

/** A message that is over `max_message`. */
export function describeTooLarge(payloadBytes: number, maxMessageBytes: number): MessageError {
  const limit = `more than max_message (${maxMessageBytes})`;
  return new MessageError('MESSAGE_TOO_LARGE', `the message has ${payloadBytes} bytes, ${limit}; it was refused`);
}

/** A sent id names no module. */
export class UnknownSenderError extends MessageError {}

/** A call that does not fit the supervisor's state, as `onMessage` before `start`. */
export class IllegalStateError extends SupervisorError {}

/** A module could not be started: its file, its init or its host. */
export class ModuleLoadError extends SupervisorError {}

/** A reload that changed nothing: `failures` says what stood in its way. */
export class ReloadError extends SupervisorError {
  readonly failures: readonly SupervisorError[];

  constructor(failures: readonly SupervisorError[]) {
    const unchanged = 'nothing was changed; everything runs as before';
    super('RELOAD_FAILED', joinSentences([sentenceOfAll(failures), unchanged], '\n'), { cause: failures[0] });
    this.failures = failures;
  }
}

/** Core and host do not speak the same protocol version, or the host did not know its token. */
export class HandshakeError extends SupervisorError {}

/** A host that served has died. */
export class HostExitError extends SupervisorError {}

/** The command line could not reach the core. */
export class ControlError extends SupervisorError {}
