/** The core's end of the control socket. */

import type { Socket } from 'node:net';
import { DirectoryError, SupervisorError } from '../errors.js';
import { readDescriptorLimit } from '../libc.js';
import type {
  CoreReloadReport,
  CoreStatus,
  DescribeOptions,
  MessageParamsInput,
  ModuleDescription,
  OrderReport,
  Outcome,
  PromotionReport,
  QuarantinedMessage,
  QuarantineRequest,
  ShadowReport,
} from '../supervisor/types.js';
import { SocketListener } from '../unix-socket/listener.js';
import type { FrameTooLargeError } from '../wire/framing.js';
import { Clients } from './clients.js';
import type { Connection } from './connection.js';
import { controlSocketPath } from './endpoint.js';
import { toWireFailure } from './failure.js';
import {
  decodeRequest,
  encodeReply,
  fromWireInput,
  fromWireOrder,
  fromWireQuarantine,
  type ModuleOrder,
  type Reply,
  type Request,
  toWireOutcome,
} from './frames.js';
import { type ControlLimits, controlLimits } from './limits.js';
import { SentFeed, type SentMessages } from './sent-feed.js';

/** What the control socket drives: a supervisor, or what a test puts in its place. */
export interface ControlledCore extends SentMessages {
  status(): CoreStatus;
  onMessage(params: MessageParamsInput, payload: Uint8Array): Promise<Outcome>;
  /** @param modules - none: all that changed. @param options `wait`: for the end of probations */
  reload(modules: string[], options: { wait: boolean }): Promise<CoreReloadReport>;
  /** What such a reload would do; nothing is changed. */
  planReload(modules: string[]): Promise<CoreReloadReport>;
  order(order: ModuleOrder, module: string): Promise<OrderReport>;
  /** @throws SupervisorError `MODULE_UNKNOWN`. */
  describe(module: string, options: DescribeOptions): ModuleDescription;
  /** @throws SupervisorError `QUARANTINE_UNKNOWN`, `MODULE_UNKNOWN`, `INVALID_ARGUMENT`. */
  quarantine(request: QuarantineRequest): QuarantinedMessage[];
  /** @throws SupervisorError `MODULE_UNKNOWN`, `ILLEGAL_STATE`. */
  shadow(module: string, reset: boolean): ShadowReport;
  promote(module: string): Promise<PromotionReport>;
}

/** How a control server is set up. */
export interface ControlServerOptions {
  /** Absolute; the caller holds its lock, since a second core would silently take the socket away. */
  runDir: string;
  core: ControlledCore;
  /** The largest payload that the core takes, in bytes. */
  maxMessageBytes: number;
  /** The process goes on when the core has ended. */
  goesOn?: boolean;
  /** Begins a graceful stop; further calls change nothing. */
  requestStop: () => void;
  /** Takes one readable line about something that went wrong. */
  warn: (text: string) => void;
  /** Other bounds than the usual. */
  limits?: Partial<ControlLimits>;
}

/** A timer of Node takes no longer one. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** How long the last replies may take to leave once the core ends. */
const LINGER_MS = 500;
/** How often clients that cannot be understood or let in are reported. */
const WARN_EVERY_MS = 10_000;
/** The greeting of ZeroMQ, read as a length, is at least this. */
const ZEROMQ_GREETING = 0xff000000;

/** Answers the command line. A client that is gone, slow or sends nonsense cannot hurt the core. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #listener: SocketListener;
  readonly #clients: Clients;
  readonly #feed: SentFeed;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #retired = false;
  #closed = false;

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    const { runDir, core, maxMessageBytes } = options;
    const limits = { ...controlLimits(maxMessageBytes, readDescriptorLimit()), ...options.limits };
    this.#feed = new SentFeed(core);
    this.#clients = new Clients(limits, {
      request: (connection, frame) => this.#answer(connection, frame),
      garbled: (connection, error) => this.#garbled(connection, error),
      closed: (connection) => this.#feed.forget(connection),
      refused: (connection, reason) => connection.reply(encodeReply({ id: 0, ...refusal('CORE_SILENT', reason) })),
      warn: (text) => this.#warn(text),
    });
    const path = controlSocketPath(runDir);
    this.#listener = new SocketListener({
      path,
      nursery: 'c',
      connected: (socket: Socket) => this.#clients.add(socket),
      failed: ({ message }) => {
        this.#warn(`a client of the control socket could not be let in (${message}); it may try again`);
      },
      cannot: (reason, cause) => {
        const remedy = 'remove what is there, or give another --run-dir';
        const what = `the control socket ${path} cannot be made (${reason})`;
        return new DirectoryError('RUN_DIR_UNUSABLE', what, { remedy, cause });
      },
    });
  }

  /**
   * Makes the socket and begins to answer.
   *
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `RUN_DIR_UNUSABLE` when something stands in the way.
   */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const server = new ControlServer(options);
    await server.#listener.open();
    return server;
  }

  /** Of the socket. */
  get path(): string {
    return this.#listener.path;
  }

  /** Whether clients that look for the socket find this core. */
  isThere(): boolean {
    return this.#retired || this.#listener.isThere();
  }

  /**
   * Makes the socket again, where somebody has removed or replaced it.
   *
   * @throws DirectoryError `RUN_DIR_UNUSABLE` when something stands in the way.
   */
  async restore(): Promise<void> {
    if (this.isThere()) return;
    await this.#listener.open();
    // The stop may have begun meanwhile.
    if (this.#retired) this.#listener.close();
  }

  /**
   * Takes no more clients; those who are connected are still answered. Must come before the lock is given up, so that
   * this core does not remove the socket of the next one.
   */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#listener.close();
  }

  /** Ends all answering; replies already given may still leave. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.retire();
    this.#closed = true;
    await this.#clients.close(LINGER_MS);
  }

  async #answer(connection: Connection, frame: Buffer): Promise<void> {
    let id = 0;
    try {
      const request = decodeRequest(frame);
      id = request.id ?? 0;
      if (request.status) this.#reply(connection, { id, status: JSON.stringify(this.#options.core.status()) });
      else if (request.stop) this.#stop(connection, id);
      else if (request.send) await this.#send(connection, id, request.send);
      else this.#reply(connection, { id, ...(await this.#obey(request)) });
    } catch (error) {
      this.#reply(connection, { id, failure: toWireFailure(error) });
    }
  }

  async #obey({ reload, planReload, order, describe, quarantine, shadow, promote }: Request): Promise<Reply> {
    const { core } = this.#options;
    const asked = quarantine ? fromWireQuarantine(quarantine) : null;
    if (asked !== null) return { quarantine: JSON.stringify(core.quarantine(asked)) };
    if (shadow) return { shadow: JSON.stringify(core.shadow(shadow.module ?? '', shadow.reset ?? false)) };
    if (promote) return { promotion: JSON.stringify(await core.promote(promote.module ?? '')) };
    const kind = order ? fromWireOrder(order) : null;
    if (reload) {
      const report = await core.reload(reload.modules ?? [], { wait: !reload.noWait });
      return { report: JSON.stringify(report) };
    }
    if (planReload) return { report: JSON.stringify(await core.planReload(planReload.modules ?? [])) };
    if (describe) {
      const { module, reveal } = describe;
      return { description: JSON.stringify(core.describe(module ?? '', { reveal: reveal ?? false })) };
    }
    if (kind === null) return refusal('INVALID_ARGUMENT', 'the core does not know this request; is it older?');
    return { done: await core.order(kind, order?.module ?? '') };
  }

  #stop(connection: Connection, id: number): void {
    const { goesOn = false } = this.#options;
    this.#reply(connection, { id, stopping: { pid: process.pid, goesOn } });
    this.#options.requestStop();
  }

  /** Resolves with the outcome; the time of the watch begins then. */
  async #send(connection: Connection, id: number, request: NonNullable<Request['send']>): Promise<void> {
    if (connection.watchesEnough) {
      throw new SupervisorError('INVALID_ARGUMENT', 'too many sends of this connection are open already', {
        remedy: 'wait for some of them, or connect again',
      });
    }
    const { missed } = connection;
    // From now on, because a module's message comes before the verdict of the call in which it was sent.
    this.#feed.add(connection);
    try {
      const params = fromWireInput(request.params ?? {});
      const outcome = await this.#options.core.onMessage(params, request.payload ?? new Uint8Array());
      this.#reply(connection, { id, outcome: toWireOutcome(outcome) });
    } catch (error) {
      this.#feed.remove(connection);
      throw error;
    }
    connection.watch(Math.min(request.waitMs ?? 0, LONGEST_WAIT_MS), () => {
      this.#feed.remove(connection);
      this.#reply(connection, { id, done: { missed: connection.missed - missed } });
    });
  }

  #reply(connection: Connection, reply: Reply): void {
    connection.reply(encodeReply(reply));
  }

  #garbled(connection: Connection, { message, length }: FrameTooLargeError): void {
    const who =
      length >= ZEROMQ_GREETING ? 'a client of an older version' : 'something that is not a client of this version';
    this.#warn(`${who} was turned away from the control socket: ${message}; use the commands of the same version`);
    this.#reply(connection, { id: 0, ...refusal('MESSAGE_TOO_LARGE', message) });
  }

  #warn(text: string): void {
    if (performance.now() - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = performance.now();
    this.#options.warn(text);
  }
}

function refusal(code: string, message: string): Reply {
  return { failure: { code, message } };
}
