/** The core's end of the control socket. */

import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'zeromq';
import { DirectoryError, SupervisorError } from '../errors.js';
import type {
  CoreReloadReport,
  MessageParamsInput,
  ModuleDescription,
  OrderReport,
  Outcome,
  SupervisorStatus,
} from '../supervisor/types.js';
import { controlSocketPath, MAX_REQUEST_BYTES } from './endpoint.js';
import {
  decodeRequest,
  encodeReply,
  fromWireInput,
  fromWireOrder,
  type ModuleOrder,
  type Reply,
  type Request,
  toWireOutcome,
  toWireSent,
} from './frames.js';
import { type SentMessages, SentWatch } from './sent-watch.js';

/** What the control socket drives: a supervisor, or what a test puts in its place. */
export interface ControlledCore extends SentMessages {
  status(): SupervisorStatus;
  onMessage(params: MessageParamsInput, payload: Uint8Array): Promise<Outcome>;
  /** @param modules - none: all that changed */
  reload(modules: string[]): Promise<CoreReloadReport>;
  order(order: ModuleOrder, module: string): Promise<OrderReport>;
  /** @throws SupervisorError `MODULE_UNKNOWN`. */
  describe(module: string): ModuleDescription;
}

/** How a control server is set up. */
export interface ControlServerOptions {
  /** Absolute; the caller holds its lock, since a second bind would silently steal the socket. */
  runDir: string;
  core: ControlledCore;
  /** The largest payload that the core takes, in bytes. */
  maxMessageBytes: number;
  /** Begins a graceful stop; further calls change nothing. */
  requestStop: () => void;
  /** Takes one readable line about something that went wrong. */
  warn: (text: string) => void;
}

/** Room for the parameters beside a payload, both addresses at their longest. */
const PARAMS_ROOM_BYTES = 1024 * 1024;
/** A client that does not read gets this many replies; what exceeds it is dropped. */
const REPLIES_PER_CLIENT = 20_000;
/** How long the last replies may take to leave once the core ends. */
const LINGER_MS = 500;

/** Answers what the command line asks; no client, gone, slow or talking nonsense, can hurt the core through it. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #socket: Router;
  readonly #watches = new Set<SentWatch>();
  #sending: Promise<void> = Promise.resolve();
  #retired = false;
  #closed = false;

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#socket = new Router({
      mandatory: true,
      sendTimeout: 0,
      sendHighWaterMark: REPLIES_PER_CLIENT,
      maxMessageSize: Math.max(MAX_REQUEST_BYTES, options.maxMessageBytes + PARAMS_ROOM_BYTES),
      linger: LINGER_MS,
    });
  }

  /**
   * Binds the socket and begins to answer.
   *
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `RUN_DIR_UNUSABLE` when something stands in the way.
   */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const path = controlSocketPath(options.runDir);
    const server = new ControlServer(options);
    // libzmq removes the file that it bound in its own time, maybe when the next core is there already, and unbinding
    // would cut the clients off. So it binds a name of this process, and the name that clients know is ours to remove.
    const bound = join(options.runDir, `c${process.pid}`);
    try {
      await server.#socket.bind(`ipc://${bound}`);
      renameSync(bound, path);
    } catch (cause) {
      server.#socket.close();
      rmSync(bound, { force: true });
      const { code } = cause as NodeJS.ErrnoException;
      const text = `the control socket ${path} cannot be made (${code}); remove what is there, or give another --run-dir`;
      throw new DirectoryError('RUN_DIR_UNUSABLE', text, { cause });
    }
    void server.#receive();
    return server;
  }

  /**
   * Takes no more clients; those who are connected are still answered. Must come before the lock is given up, so that
   * this core does not remove the socket of the next one.
   */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    rmSync(controlSocketPath(this.#options.runDir), { force: true });
  }

  /** Ends all answering; replies already given to the socket may still leave. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.retire();
    for (const watch of this.#watches) watch.close();
    // One turn, in which the requests that were waiting for sent messages are told that they are done.
    await new Promise((resolve) => setImmediate(resolve));
    this.#closed = true;
    await this.#sending;
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    try {
      for await (const [client, frame, ...rest] of this.#socket) {
        if (client && frame && rest.length === 0) void this.#answer(client, frame);
      }
    } catch (error) {
      if (!this.#closed) this.#options.warn(`the control socket failed: ${(error as Error).message}; restart the core`);
    }
  }

  async #answer(client: Buffer, frame: Buffer): Promise<void> {
    let id = 0;
    try {
      const request = decodeRequest(frame);
      id = request.id ?? 0;
      if (request.status) this.#reply(client, { id, status: JSON.stringify(this.#options.core.status()) });
      else if (request.stop) this.#stop(client, id);
      else if (request.send) await this.#send(client, id, request.send);
      else this.#reply(client, { id, ...(await this.#obey(request)) });
    } catch (error) {
      this.#reply(client, { id, ...failureOf(error) });
    }
  }

  async #obey({ reload, order, describe }: Request): Promise<Reply> {
    const { core } = this.#options;
    const kind = order ? fromWireOrder(order) : null;
    if (reload) return { report: JSON.stringify(await core.reload(reload.modules ?? [])) };
    if (describe) return { description: JSON.stringify(core.describe(describe.module ?? '')) };
    if (kind === null) return refusal('INVALID_ARGUMENT', 'the core does not know this request; is it older?');
    return { done: await core.order(kind, order?.module ?? '') };
  }

  #stop(client: Buffer, id: number): void {
    this.#reply(client, { id, stopping: { pid: process.pid } });
    this.#options.requestStop();
  }

  async #send(client: Buffer, id: number, request: NonNullable<Request['send']>): Promise<void> {
    const watch = new SentWatch(this.#options.core);
    this.#watches.add(watch);
    try {
      const params = fromWireInput(request.params ?? {});
      const outcome = await this.#options.core.onMessage(params, request.payload ?? new Uint8Array());
      this.#reply(client, { id, outcome: toWireOutcome(outcome) });
      await watch.deliver(request.waitMs ?? 0, (sent) => this.#reply(client, { id, sent: toWireSent(sent) }));
      if (watch.dropped > 0) this.#options.warn(`send: ${watch.dropped} messages of modules were not shown: too many`);
      this.#reply(client, { id, done: {} });
    } finally {
      watch.close();
      this.#watches.delete(watch);
    }
  }

  /** One send at a time is all that zeromq.js takes; with `sendTimeout` 0 none of them waits. */
  #reply(client: Buffer, reply: Reply): void {
    if (this.#closed) return;
    this.#sending = this.#sending.then(async () => {
      try {
        await this.#socket.send([client, encodeReply(reply)]);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A client that has gone needs no answer; one that does not read is told nothing more.
        if (code !== 'EHOSTUNREACH' && code !== 'EAGAIN' && !this.#closed) {
          this.#options.warn(`an answer on the control socket was lost: ${(error as Error).message}`);
        }
      }
    });
  }
}

function failureOf(error: unknown): Reply {
  if (error instanceof SupervisorError) return refusal(error.code, error.message);
  return refusal('INVALID_ARGUMENT', `the core could not handle the request: ${(error as Error).message}`);
}

function refusal(code: string, message: string): Reply {
  return { failure: { code, message } };
}
