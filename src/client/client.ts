/** A chat server's end of the gateway: the public face. */

import { EventEmitter } from 'node:events';
import { MessageError, type SupervisorError } from '../errors.js';
import { CallEvent } from '../wire/call-event.js';
import { findParamsError, type MessageParamsInput, toAddress, toLong, toWireParams } from '../wire/params.js';
import type { Flight } from './flights.js';
import { settingsOf } from './options.js';
import { Traffic } from './traffic.js';
import type { ClientDecision, ClientOptions, ClientOutcome, ClientStats, CoreGreeting } from './types.js';

const NOTHING = Buffer.alloc(0);

/** What a client emits. */
export interface ClientEventMap {
  /** A core has welcomed this server. */
  up: [core: CoreGreeting];
  /** The core is gone, or is not there; once until the next `up`. */
  down: [error: SupervisorError];
  /** Modules have other callbacks than before. */
  callbacks: [callbacks: ReadonlySet<string>];
  /** A line for the log of the server: of defaults, of refused sends, and of what the core complains. */
  warning: [line: string];
}

/** One function for all promises, which keeps what resolves the one that is being made. */
let given: Flight['resolve'] = null;
function catchResolve(resolve: (value: never) => void): void {
  given = resolve;
}

/**
 * Hands the events of a server to the modules of a core, and takes what modules send. It connects at once, and again
 * whenever the connection is lost. Its process runs on until it is closed.
 */
export class GatewayClient extends EventEmitter<ClientEventMap> {
  readonly #traffic: Traffic;

  /**
   * @throws {MessageError} `INVALID_ARGUMENT` for an option that cannot be used
   * @throws SupervisorError `SOCKET_PATH_TOO_LONG`
   */
  constructor(options: ClientOptions) {
    super();
    // A listener that throws does so on its own and does not interrupt reading.
    this.#traffic = new Traffic(settingsOf(options), {
      up: (core) => process.nextTick(() => this.emit('up', core)),
      down: (error) => process.nextTick(() => this.emit('down', error)),
      callbacks: (callbacks) => process.nextTick(() => this.emit('callbacks', callbacks)),
      warning: (line) => process.nextTick(() => this.emit('warning', line)),
    });
  }

  /** Whether a core has welcomed this server and is there. */
  get isUp(): boolean {
    return this.#traffic.isUp;
  }

  /** The callbacks that modules have: other events pass without being sent. Empty before the first core. */
  get callbacks(): ReadonlySet<string> {
    return this.#traffic.callbacks;
  }

  /** What was done so far. */
  get stats(): ClientStats {
    return this.#traffic.stats;
  }

  /**
   * Lets the modules decide on a message. Without a core it resolves with the default verdict. Parameters and payload are
   * copied at once.
   *
   * Rejects with a MessageError (`INVALID_ARGUMENT`, `MESSAGE_TOO_LARGE`) for parameters that no core takes, and with an
   * IllegalStateError once the client is closed.
   */
  message(params: MessageParamsInput, payload: Uint8Array, options?: { trace?: boolean }): Promise<ClientOutcome> {
    const outcome = new Promise<ClientOutcome>(catchResolve);
    const resolve = given;
    try {
      if (!(payload instanceof Uint8Array)) throw notBytes();
      this.#traffic.message(params, payload, options?.trace === true, resolve);
    } catch (error) {
      return Promise.reject(findParamsError(params) ?? error);
    }
    return outcome;
  }

  /** What became of a message; the other parameters are those of the message. Rejects as {@link message}. */
  status(params: MessageParamsInput, status: number): Promise<ClientDecision> {
    return this.#decide(() => CallEvent.status(toWireParams({ ...params, status })));
  }

  /** A user logged in, or out. Rejects as {@link message}. */
  login(user: { address: string; online?: boolean; flags?: bigint | number }): Promise<ClientDecision> {
    return this.#decide(() =>
      CallEvent.login({
        address: toAddress('address', user.address),
        online: toLong('online', user.online === false ? 0 : 1),
        flags: toLong('flags', user.flags ?? 0),
      }),
    );
  }

  /** A call. Rejects as {@link message}. */
  call(): Promise<ClientDecision> {
    return this.#decide(() => CallEvent.empty('call'));
  }

  /** The status of a call. Rejects as {@link message}. */
  callStatus(): Promise<ClientDecision> {
    return this.#decide(() => CallEvent.empty('callStatus'));
  }

  /**
   * Reports what became of a send later on, as that it was read.
   *
   * @param params of the message; after a restart of the core it needs all of them
   * @returns `false`: no core is there, and the report is lost
   * @throws {MessageError} as {@link message} rejects
   */
  reportStatus(sentId: string, status: number, params: MessageParamsInput = {}): boolean {
    return this.#traffic.report({ kind: 'send_status', sentId, status, params: toWireParams(params) });
  }

  /** Takes no more events. Resolves when all have their outcome, no handler runs and the connection has ended. */
  close(): Promise<void> {
    return this.#traffic.close();
  }

  #decide(make: () => CallEvent): Promise<ClientDecision> {
    const decision = new Promise<ClientDecision>(catchResolve);
    const resolve = given;
    try {
      this.#traffic.submit(make(), null, NOTHING, false, resolve);
    } catch (error) {
      return Promise.reject(error);
    }
    return decision;
  }
}

function notBytes(): MessageError {
  return new MessageError(
    'INVALID_ARGUMENT',
    'the payload is not a Uint8Array; convert it, for example with Buffer.from()',
  );
}
