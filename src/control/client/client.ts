/** The command line's end of the control socket. */

import type { Socket } from 'node:net';
import { ControlError } from '../../errors.js';
import { coreCommand, sentence } from '../../sentence.js';
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
} from '../../supervisor/types.js';
import { toWireParams } from '../../wire/params.js';
import { fromWireFailure } from '../failure.js';
import {
  fromWireOutcome,
  fromWireSent,
  type ModuleOrder,
  type Reply,
  type ReportedMessage,
  type Request,
  toWireOrder,
  toWireQuarantine,
  type WireSent,
} from '../frames.js';
import { Counterpart } from './counterpart.js';
import { HeldMessages } from './held-messages.js';
import { reachCore } from './probe.js';
import { type Asked, Requests } from './requests.js';

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
 * What a core reports of a message. The outcome comes first, then each message that modules sent. Such messages may come faster than
 * they can be taken. Then some are missing, and `missed` says at the end how many.
 */
export type SendEvent =
  | { kind: 'outcome'; outcome: Outcome }
  | { kind: 'sent'; sent: ReportedMessage }
  | { kind: 'missed'; count: number };

const DEFAULT_TIMEOUTS: ControlTimeouts = { answerMs: 5_000, orderMs: 10 * 60_000 };

/** A connection to a running core. */
export class ControlClient {
  readonly #timeouts: ControlTimeouts;
  readonly #counterpart: Counterpart;
  readonly #requests: Requests;

  private constructor(socket: Socket, counterpart: Counterpart, timeouts: ControlTimeouts) {
    this.#timeouts = timeouts;
    this.#counterpart = counterpart;
    this.#requests = new Requests(socket, counterpart);
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
      return new ControlClient(socket, new Counterpart(runDir), { ...DEFAULT_TIMEOUTS, ...timeouts });
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
  async status(): Promise<CoreStatus> {
    const reply = await this.#ask({ status: {} });
    return JSON.parse(reply.status ?? 'null') as CoreStatus;
  }

  /**
   * Asks the core to end.
   *
   * @returns its process, and whether that goes on; its lock is free when the core has ended.
   * @throws ControlError `CORE_SILENT` when no answer comes in time.
   */
  async stop(): Promise<{ pid: number; goesOn: boolean }> {
    const reply = await this.#ask({ stop: {} });
    return { pid: reply.stopping?.pid ?? 0, goesOn: reply.stopping?.goesOn ?? false };
  }

  /**
   * Asks for everything about one module. Without `reveal` its secrets do not leave the core.
   *
   * @throws ControlError `MODULE_UNKNOWN`; `CORE_SILENT` when no answer comes in time.
   */
  async describe(module: string, { reveal = false }: DescribeOptions = {}): Promise<ModuleDescription> {
    const reply = await this.#ask({ describe: { module, reveal } });
    return JSON.parse(reply.description ?? 'null') as ModuleDescription;
  }

  /**
   * Asks about messages that are withheld from modules, or releases them.
   *
   * @returns the messages that it was about
   * @throws ControlError with the core's code; `CORE_SILENT` when no answer comes in time.
   */
  async quarantine(request: QuarantineRequest): Promise<QuarantinedMessage[]> {
    const reply = await this.#ask({ quarantine: toWireQuarantine(request) });
    return JSON.parse(reply.quarantine ?? '[]') as QuarantinedMessage[];
  }

  /**
   * Asks how a shadow compares with the module that it shadows.
   *
   * @param reset - count from 0 after this
   * @throws ControlError with the core's code; `CORE_SILENT` when no answer comes in time.
   */
  async shadow(module: string, reset: boolean): Promise<ShadowReport> {
    const reply = await this.#ask({ shadow: { module, reset } });
    return JSON.parse(reply.shadow ?? 'null') as ShadowReport;
  }

  /**
   * Lets a shadow and the module that it shadows exchange their versions.
   *
   * @throws ControlError with the core's code when nothing changed; `CORE_SILENT` when no answer comes in time.
   */
  async promote(module: string): Promise<PromotionReport> {
    const reply = await this.#askPatiently(`promote ${module}`, { promote: { module } });
    return JSON.parse(reply.promotion ?? 'null') as PromotionReport;
  }

  /**
   * Lets the core read its configuration again.
   *
   * @param modules - those that it is for; none: all that changed
   * @param options `wait`: also for the end of probations
   * @throws ControlError with the core's code when it changed nothing; `CORE_SILENT` when no answer comes in time.
   */
  async reload(modules: readonly string[], { wait = true }: { wait?: boolean } = {}): Promise<CoreReloadReport> {
    const reply = await this.#askPatiently('reload', { reload: { modules: [...modules], noWait: !wait } });
    return JSON.parse(reply.report ?? 'null') as CoreReloadReport;
  }

  /**
   * Asks what {@link reload} would do now; nothing is changed.
   *
   * @throws ControlError with the core's code when a reload would fail, or the core cannot say it; `CORE_SILENT` as {@link reload}
   */
  async planReload(modules: readonly string[]): Promise<CoreReloadReport> {
    const reply = await this.#askPatiently('reload --dry-run', { planReload: { modules: [...modules] } });
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
    const asked = this.#requests.send({ send: { params: toWireParams(request.params), payload, waitMs } });
    this.#requests.watch(asked);
    const before = new HeldMessages();
    try {
      const { outcome } = await this.#nextPatiently('send', asked, (early) => before.add(early));
      if (!outcome) throw await this.#counterpart.misunderstood();
      yield { kind: 'outcome', outcome: fromWireOutcome(outcome) };
      for (const early of before.take()) yield { kind: 'sent', sent: fromWireSent(early) };
      for (;;) {
        const reply = await this.#next(asked, waitMs + this.#timeouts.answerMs);
        const count = before.dropped + (reply.done?.missed ?? 0);
        if (!reply.sent && count > 0) yield { kind: 'missed', count };
        if (!reply.sent) return;
        yield { kind: 'sent', sent: fromWireSent(reply.sent) };
      }
    } finally {
      this.#requests.drop(asked);
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#requests.close();
  }

  async #ask(request: Omit<Request, 'id'>): Promise<Reply> {
    const asked = this.#requests.send(request);
    try {
      return await this.#next(asked, this.#timeouts.answerMs);
    } finally {
      this.#requests.drop(asked);
    }
  }

  /** For what may take long: as long as the core still answers other requests. */
  async #askPatiently(what: string, request: Omit<Request, 'id'>): Promise<Reply> {
    const asked = this.#requests.send(request);
    try {
      return await this.#nextPatiently(what, asked);
    } finally {
      this.#requests.drop(asked);
    }
  }

  async #next({ replies }: Asked, limitMs: number): Promise<Reply> {
    const reply = await replies.take(limitMs);
    if (!reply) throw await this.#counterpart.silent();
    return answerOf(reply);
  }

  /**
   * As {@link ControlClient.#next}, and gives up sooner on a core that does not answer other requests meanwhile.
   *
   * @param onSent - takes what modules send before the answer
   */
  async #nextPatiently(
    what: string,
    { replies }: Asked,
    onSent: (sent: WireSent) => void = () => undefined,
  ): Promise<Reply> {
    const end = performance.now() + this.#timeouts.orderMs;
    for (;;) {
      const reply = await replies.take(this.#timeouts.answerMs);
      if (reply?.sent) onSent(reply.sent);
      else if (reply) return answerOf(reply);
      const isLate = performance.now() >= end;
      const status = !reply || isLate ? await this.status() : null;
      if (status && isLate) throw notCarriedOut(what, status);
    }
  }
}

function notCarriedOut(what: string, { modules }: CoreStatus): ControlError {
  const waits = modules.filter(({ state }) => state !== 'serving' && state !== 'stopped');
  const names = waits.map(({ name, state }) => `${name} (${state})`).join(', ') || 'messages in progress';
  return new ControlError('CORE_SILENT', `${what} was not carried out in time; the core waits for ${names}`, {
    remedy: sentence`see: ${coreCommand('logs')}`,
  });
}

/** @throws ControlError when the core refused. */
function answerOf(reply: Reply): Reply {
  if (!reply.failure) return reply;
  throw fromWireFailure(reply.failure);
}
