/** The command line's end of the control socket. */

import type { Socket } from 'node:net';
import { ControlError, MessageError } from '../errors.js';
import { coreCommand, sentence } from '../sentence.js';
import type {
  CoreReloadReport,
  MessageParamsInput,
  ModuleDescription,
  OrderReport,
  Outcome,
  SupervisorStatus,
} from '../supervisor/types.js';
import { FrameReader, frameOf } from '../wire/framing.js';
import { toWireParams } from '../wire/params.js';
import { readCoreLock } from './core-lock.js';
import { fromWireFailure } from './failure.js';
import {
  decodeReply,
  encodeRequest,
  fromWireOutcome,
  fromWireSent,
  type ModuleOrder,
  type Reply,
  type ReportedMessage,
  type Request,
  toWireOrder,
  type WireSent,
} from './frames.js';
import { HeldMessages } from './held-messages.js';
import { MAX_REPLY_BYTES, MAX_REQUEST_BYTES } from './limits.js';
import { Mailbox } from './mailbox.js';
import { reachCore } from './probe.js';

/** How long a client waits for an answer. */
export interface ControlTimeouts {
  /** For an answer that the core gives at once, in milliseconds. */
  answerMs: number;
  /**
   * For an order to be carried out, and for the verdict on a message, in milliseconds; a core that does not answer
   * meanwhile is noticed long before.
   */
  orderMs: number;
}

/** A message to send through a core's chain. */
export interface SendRequest {
  params: MessageParamsInput;
  payload: Uint8Array;
  /** How long after the outcome to report messages of modules, in milliseconds. */
  waitMs: number;
}

/**
 * What a core reports of a message: its outcome first, then what modules sent; last, if there were any, how many messages
 * of modules are missing, because they came faster than they could be taken.
 */
export type SendEvent =
  | { kind: 'outcome'; outcome: Outcome }
  | { kind: 'sent'; sent: ReportedMessage }
  | { kind: 'missed'; count: number };

const DEFAULT_TIMEOUTS: ControlTimeouts = { answerMs: 5_000, orderMs: 10 * 60_000 };

/** A connection to a running core. */
export class ControlClient {
  readonly #runDir: string;
  readonly #timeouts: ControlTimeouts;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Mailbox<Reply>>();
  /** Those of sends, which are all told what modules send. */
  readonly #watching = new Set<Mailbox<Reply>>();
  readonly #reader = new FrameReader(MAX_REPLY_BYTES);
  /** Somebody held the run directory when this began, or has answered since: it is no stranger's socket. */
  #isCore: boolean;
  #nextId = 1;
  /** Why nothing more will be answered. */
  #end: Error | null = null;

  private constructor(runDir: string, socket: Socket, isCore: boolean, timeouts: ControlTimeouts) {
    this.#runDir = runDir;
    this.#socket = socket;
    this.#isCore = isCore;
    this.#timeouts = timeouts;
    socket.on('data', (chunk) => this.#received(chunk));
    // What it means is told by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lost());
  }

  /**
   * Connects to the core that serves a run directory.
   *
   * @throws ControlError `CORE_NOT_RUNNING`, or `CORE_SILENT` for a core that starts or stops.
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `RUN_DIR_UNUSABLE` for one that may not be entered.
   */
  static async connect(runDir: string, timeouts: Partial<ControlTimeouts> = {}): Promise<ControlClient> {
    const socket = await reachCore(runDir);
    try {
      const { held } = readCoreLock(runDir);
      return new ControlClient(runDir, socket, held, { ...DEFAULT_TIMEOUTS, ...timeouts });
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /**
   * Asks for the state of the core and its modules.
   *
   * @throws ControlError `CORE_SILENT` when no answer comes in time.
   */
  async status(): Promise<SupervisorStatus> {
    const reply = await this.#ask({ status: {} });
    return JSON.parse(reply.status ?? 'null') as SupervisorStatus;
  }

  /**
   * Asks the core to end.
   *
   * @returns the process that is ending; its lock is free when it has.
   * @throws ControlError `CORE_SILENT` when no answer comes in time.
   */
  async stop(): Promise<{ pid: number }> {
    const reply = await this.#ask({ stop: {} });
    return { pid: reply.stopping?.pid ?? 0 };
  }

  /**
   * Asks for everything about one module.
   *
   * @throws ControlError `MODULE_UNKNOWN`; `CORE_SILENT` when no answer comes in time.
   */
  async describe(module: string): Promise<ModuleDescription> {
    const reply = await this.#ask({ describe: { module } });
    return JSON.parse(reply.description ?? 'null') as ModuleDescription;
  }

  /**
   * Lets the core read its configuration again.
   *
   * @param modules - those that it is for; none: all that changed
   * @throws ControlError with the core's code when it changed nothing; `CORE_SILENT` when no answer comes in time.
   */
  async reload(modules: readonly string[]): Promise<CoreReloadReport> {
    const reply = await this.#askPatiently('reload', { reload: { modules: [...modules] } });
    return JSON.parse(reply.report ?? 'null') as CoreReloadReport;
  }

  /**
   * Gives an order for one module.
   *
   * @returns when it is carried out, with what is wrong nevertheless.
   * @throws ControlError with the core's code when it was not carried out; `CORE_SILENT` when no answer comes in time.
   */
  async order(order: ModuleOrder, module: string): Promise<OrderReport> {
    const reply = await this.#askPatiently(`${order} ${module}`, { order: toWireOrder(order, module) });
    return { warnings: reply.done?.warnings ?? [] };
  }

  /**
   * Sends a message through the chain and reports what becomes of it, as it becomes known.
   *
   * @throws ControlError with the core's code when it refuses the message; `CORE_SILENT` when no answer comes in time.
   * @throws MessageError for parameters or a payload that cannot travel.
   */
  async *send(request: SendRequest): AsyncGenerator<SendEvent> {
    const { payload, waitMs } = request;
    const { id, mailbox } = this.#request({ send: { params: toWireParams(request.params), payload, waitMs } });
    this.#watching.add(mailbox);
    const before = new HeldMessages();
    try {
      const { outcome } = await this.#nextPatiently('send', mailbox, (sent) => before.add(sent));
      if (!outcome) throw this.#misunderstood();
      yield { kind: 'outcome', outcome: fromWireOutcome(outcome) };
      for (const sent of before.take()) yield { kind: 'sent', sent: fromWireSent(sent) };
      for (;;) {
        const { sent, done } = await this.#next(mailbox, waitMs + this.#timeouts.answerMs);
        const count = before.dropped + (done?.missed ?? 0);
        if (!sent && count > 0) yield { kind: 'missed', count };
        if (!sent) return;
        yield { kind: 'sent', sent: fromWireSent(sent) };
      }
    } finally {
      this.#watching.delete(mailbox);
      this.#pending.delete(id);
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  async #ask(request: Omit<Request, 'id'>): Promise<Reply> {
    const { id, mailbox } = this.#request(request);
    try {
      return await this.#next(mailbox, this.#timeouts.answerMs);
    } finally {
      this.#pending.delete(id);
    }
  }

  /** For what may take long: as long as the core still answers other requests. */
  async #askPatiently(what: string, request: Omit<Request, 'id'>): Promise<Reply> {
    const { id, mailbox } = this.#request(request);
    try {
      return await this.#nextPatiently(what, mailbox);
    } finally {
      this.#pending.delete(id);
    }
  }

  #request(request: Omit<Request, 'id'>): { id: number; mailbox: Mailbox<Reply> } {
    const id = this.#nextId++;
    const frame = encodeRequest({ ...request, id });
    if (frame.length > MAX_REQUEST_BYTES) {
      const limit = `over the ${MAX_REQUEST_BYTES} that the control socket takes`;
      throw new MessageError('MESSAGE_TOO_LARGE', `the message makes a request of ${frame.length} bytes, ${limit}`);
    }
    const mailbox = new Mailbox<Reply>();
    if (this.#end) mailbox.fail(this.#end);
    this.#pending.set(id, mailbox);
    this.#socket.cork();
    for (const part of frameOf(frame)) this.#socket.write(part);
    this.#socket.uncork();
    return { id, mailbox };
  }

  async #next(mailbox: Mailbox<Reply>, limitMs: number): Promise<Reply> {
    const reply = await mailbox.take(limitMs);
    if (!reply) throw this.#silent();
    return answerOf(reply);
  }

  /**
   * As {@link ControlClient.#next}, and gives up sooner on a core that does not answer other requests meanwhile.
   *
   * @param onSent - takes what modules send before the answer
   */
  async #nextPatiently(
    what: string,
    mailbox: Mailbox<Reply>,
    onSent: (sent: WireSent) => void = () => undefined,
  ): Promise<Reply> {
    const end = performance.now() + this.#timeouts.orderMs;
    for (;;) {
      const reply = await mailbox.take(this.#timeouts.answerMs);
      if (reply?.sent) onSent(reply.sent);
      else if (reply) return answerOf(reply);
      const isLate = performance.now() >= end;
      const status = !reply || isLate ? await this.status() : null;
      if (status && isLate) throw notCarriedOut(what, status);
    }
  }

  #received(chunk: Buffer): void {
    this.#reader.push(chunk);
    try {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#dispatch(decodeReply(frame));
    } catch (cause) {
      this.#fail(this.#misunderstood(cause));
    }
  }

  #dispatch(reply: Reply): void {
    const id = reply.id ?? 0;
    this.#isCore ||= this.#pending.has(id);
    if (id !== 0) this.#pending.get(id)?.put(reply);
    else if (reply.sent) for (const mailbox of this.#watching) mailbox.put(reply);
    else if (reply.failure) this.#fail(fromWireFailure(reply.failure));
  }

  #lost(): void {
    const what = `the core serving ${this.#runDir} closed the connection before it had answered`;
    const remedy = sentence`see: ${coreCommand('logs')}`;
    this.#fail(this.#isCore ? new ControlError('CORE_SILENT', what, { remedy }) : this.#misunderstood());
  }

  /** Nothing that comes after it can be understood. */
  #fail(error: Error): void {
    this.#end ??= error;
    this.#socket.destroy();
    for (const mailbox of this.#pending.values()) mailbox.fail(this.#end);
  }

  #silent(cause?: unknown): ControlError {
    if (!this.#isCore) return this.#misunderstood(cause);
    const { pid } = readCoreLock(this.#runDir);
    return new ControlError(
      'CORE_SILENT',
      `the core serving ${this.#runDir}${pid === null ? '' : ` (pid ${pid})`} did not answer in time`,
      { remedy: sentence`see: ${coreCommand('logs')}, or end the process`, cause },
    );
  }

  #misunderstood(cause?: unknown): ControlError {
    const [what, remedy] = this.#isCore
      ? [`the core serving ${this.#runDir} answered with something else`, 'is it of another version?']
      : [`what listens in ${this.#runDir} is no core, for no process holds that directory`, 'check --run-dir'];
    return new ControlError('CORE_INCOMPATIBLE', what, { remedy, cause });
  }
}

function notCarriedOut(what: string, { modules }: SupervisorStatus): ControlError {
  const waits = modules.filter(({ state }) => state !== 'serving' && state !== 'stopped');
  const names = waits.map(({ name, state }) => `${name} (${state})`).join(', ') || 'messages under way';
  return new ControlError('CORE_SILENT', `${what} was not carried out in time; the core waits for ${names}`, {
    remedy: sentence`see: ${coreCommand('logs')}`,
  });
}

/** @throws ControlError when the core refused. */
function answerOf(reply: Reply): Reply {
  if (!reply.failure) return reply;
  throw fromWireFailure(reply.failure);
}
