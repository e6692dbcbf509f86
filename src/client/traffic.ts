/** The events of a server on their way to a core and back, over one link after the other. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { IllegalStateError, type SupervisorError } from '../errors.js';
import { CallEvent } from '../wire/call-event.js';
import {
  type CoreFrame,
  GATEWAY_VERSIONS,
  type OutcomeFrame,
  type ServerFrame,
  type Welcome,
} from '../wire/gateway/frames.js';
import type { ShortOutcome } from '../wire/gateway/protobuf/read-short-outcome.js';
import { writeEvent, writeMessageEvent } from '../wire/gateway/protobuf/write-event.js';
import { writeServerFrame } from '../wire/gateway/protobuf/write-server-frame.js';
import { type MessageParams, type MessageParamsInput, snapshotOf } from '../wire/params.js';
import { type Flight, Flights } from './flights.js';
import { Link, type LinkUser } from './link.js';
import type { Settings } from './options.js';
import { Decision, Outcome } from './outcomes.js';
import { Sends } from './sends.js';
import { Stillness } from './stillness.js';
import { Tally } from './tally.js';
import type { ClientReason, ClientStats, CoreGreeting } from './types.js';
import { Warnings } from './warnings.js';

/** Until the core has said its own. */
const CHAIN_DEADLINE_MS = 5_000;
/** After the deadline of the core its outcome may still be on its way. */
const MARGIN_MS = 1_000;
const STANDS_STILL = 'the core does not respond: it has sent nothing since an event was late';
/** The same for all connections of one process. */
const INSTANCE = `${process.pid}-${performance.timeOrigin}`;

/** Who is told of what happens. */
export interface Listener {
  up(core: CoreGreeting): void;
  down(error: SupervisorError): void;
  callbacks(callbacks: ReadonlySet<string>): void;
  warning(line: string): void;
}

/** Everything between the calls of a server and the link. */
export class Traffic implements LinkUser {
  readonly #settings: Settings;
  readonly #listener: Listener;
  readonly #link: Link;
  readonly #flights: Flights;
  readonly #sends: Sends | null;
  readonly #tally = new Tally();
  readonly #warnings: Warnings;
  readonly #stillness = new Stillness();
  /** The upper half of the ids of events: another one in each client, before and after a restart. */
  readonly #epoch = randomBytes(4).readUInt32LE();
  #window = 0;
  #maxMessage = 0;
  #chainDeadlineMs = CHAIN_DEADLINE_MS;
  #callbacks: ReadonlySet<string> = new Set();
  #clock: NodeJS.Timeout | null = null;
  /** When it rings. */
  #clockMs = 0;
  #down = '';
  #isToldDown = false;
  #closing: Promise<void> | null = null;
  #landed: (() => void) | null = null;

  constructor(settings: Settings, listener: Listener) {
    this.#settings = settings;
    this.#listener = listener;
    this.#flights = new Flights(settings.maxWaiting, settings.maxWaitingBytes);
    this.#warnings = new Warnings((line) => listener.warning(line));
    const answered = () => this.#link.flushSoon();
    this.#sends = settings.onSend && new Sends(settings.onSend, { answered, warn: (line) => listener.warning(line) });
    this.#link = new Link(settings.path, settings.maxRetryMs, this);
    this.#link.open();
  }

  get isUp(): boolean {
    return this.#link.state === 'up';
  }

  get callbacks(): ReadonlySet<string> {
    return this.#callbacks;
  }

  get stats(): ClientStats {
    return this.#tally.stats(this.#flights, this.#sends);
  }

  /**
   * Hands over a message, now or when there is room, and answers it. Most are encoded directly into the output.
   *
   * @throws {IllegalStateError} once it is closed
   * @throws {MessageError} as `CallEvent.message`
   */
  message(params: MessageParamsInput, payload: Uint8Array, trace: boolean, resolve: Flight['resolve']): void {
    const isWanted = this.#callbacks.has('on_message') && payload.length <= this.#maxMessage;
    if (!isWanted || this.#closing || this.#stillness.isStill || !this.#goesAtOnce()) {
      const event = CallEvent.message(params, payload);
      this.submit(event, snapshotOf(params), event.payload, trace, resolve);
      return;
    }
    writeMessageEvent(this.#link.out, this.#flights.nextId, this.#epoch, trace, params, payload);
    this.#link.flushSoon(this.#flights.inFlight);
    // Copies: the caller may use both again before the outcome comes.
    const flight = this.#flightOf(null, snapshotOf(params), Buffer.from(payload), trace, resolve);
    this.#flights.send(flight);
    this.#watch(flight);
  }

  /**
   * Hands over an event likewise.
   *
   * @param params of a message; `null`: another event
   * @throws {IllegalStateError} once it is closed
   */
  submit(
    event: CallEvent,
    params: MessageParams | null,
    payload: Buffer,
    trace: boolean,
    resolve: Flight['resolve'],
  ): void {
    if (this.#closing) throw new IllegalStateError('ILLEGAL_STATE', 'the client is closed; make another one');
    const flight = this.#flightOf(event, params, payload, trace, resolve);
    if (this.#link.state === 'waiting') this.#default(flight, 'unreachable', this.#down);
    else if (this.#stillness.refuses(flight.askedMs)) this.#default(flight, 'late', STANDS_STILL);
    else if (this.#goesAtOnce()) this.#send(flight, event);
    else if (!this.#flights.wait(flight)) {
      this.#default(flight, 'full', `${this.#flights.waiting} events wait already`);
    }
    this.#watch(flight);
  }

  #flightOf(
    event: CallEvent | null,
    params: MessageParams | null,
    payload: Buffer,
    trace: boolean,
    resolve: Flight['resolve'],
  ): Flight {
    const askedMs = performance.now();
    const endMs = askedMs + (this.#settings.deadlineMs ?? this.#chainDeadlineMs + MARGIN_MS);
    return { event, params, payload, trace, askedMs, endMs, resolve };
  }

  #watch({ resolve, endMs }: Flight): void {
    if (resolve && (this.#clock === null || endMs < this.#clockMs)) this.#startClock(endMs);
  }

  /** @returns `false`: no core is there */
  report(frame: ServerFrame): boolean {
    if (!this.isUp) return false;
    writeServerFrame(this.#link.out, frame);
    this.#link.flushSoon();
    return true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#flights.hasUnanswered) {
      await new Promise<void>((resolve) => {
        this.#landed = resolve;
      });
    }
    await this.#sends?.settled();
    await this.#link.close();
    if (this.#clock) clearTimeout(this.#clock);
    this.#warnings.flush(performance.now());
  }

  #goesAtOnce(): boolean {
    return this.#link.state === 'up' && this.#flights.waiting === 0 && this.#hasRoom();
  }

  #hasRoom(): boolean {
    return this.#flights.inFlight < this.#window && this.#link.hasRoom;
  }

  #send(flight: Flight, event: CallEvent): void {
    if (!this.#callbacks.has(event.callback)) {
      this.#tally.unwanted += 1;
      this.#answer(flight, this.#decisionOf(flight, 'pass', null, -1));
    } else if (event.payloadBytes > this.#maxMessage) {
      const limit = `more than max_message of the core (${this.#maxMessage})`;
      this.#default(flight, 'too-large', `a message has ${event.payloadBytes} bytes, ${limit}`);
    } else {
      writeEvent(this.#link.out, this.#flights.nextId, this.#epoch, flight.trace, event);
      this.#link.flushSoon();
      this.#flights.send(flight);
    }
  }

  /** Sends what waits, as far as there is room. */
  #sendOn(): void {
    while (this.isUp && this.#hasRoom()) {
      const flight = this.#flights.next();
      if (!flight?.event) return;
      this.#send(flight, flight.event);
    }
  }

  /** @param id -1: the core has not got it */
  #default(flight: Flight, reason: ClientReason, why: string, id = -1): void {
    const decision = this.#decisionOf(flight, flight.params ? this.#settings.verdict : 'pass', null, id);
    decision.reason = reason;
    decision.unreachable = true;
    this.#warnings.add(reason, why, performance.now());
    this.#answer(flight, decision);
  }

  #decisionOf(flight: Flight, verdict: 'pass' | 'consumed', by: string | null, id: number): Decision {
    const { params, payload } = flight;
    if (params === null) return new Decision(verdict, by, id, this.#epoch);
    return new Outcome(verdict, by, id, this.#epoch, params, payload);
  }

  #answer(flight: Flight, decision: Decision): void {
    const { resolve } = flight;
    flight.resolve = null;
    this.#tally.add(decision);
    resolve?.(decision as never);
    if (this.#closing && this.#landed && !this.#flights.hasUnanswered) this.#landed();
  }

  /** One clock for all deadlines: it looks at the next one when it rings, and none is set for a message. */
  #startClock(endMs: number): void {
    if (this.#clock) clearTimeout(this.#clock);
    this.#clockMs = endMs;
    this.#clock = setTimeout(() => this.#ring(), Math.max(1, Math.ceil(endMs - performance.now())));
  }

  #ring(): void {
    this.#clock = null;
    const nowMs = performance.now();
    let isStill = false;
    for (const [flight, id] of this.#flights.expired(nowMs)) {
      isStill = this.#stillness.late(flight.askedMs, nowMs) || isStill;
      this.#default(flight, 'late', 'the core has not decided within the deadline', id);
    }
    if (isStill) this.#giveUpWaiting();
    const nextMs = this.#flights.nextEndMs();
    if (nextMs !== null) this.#startClock(nextMs);
  }

  /** Waiting events have no better chance than new ones. */
  #giveUpWaiting(): void {
    for (let flight = this.#flights.next(); flight; flight = this.#flights.next()) {
      this.#default(flight, 'late', STANDS_STILL);
    }
  }

  heard(): void {
    this.#stillness.heard(performance.now());
  }

  silent(): void {
    const nowMs = performance.now();
    if (this.#stillness.late(nowMs, nowMs)) this.#giveUpWaiting();
  }

  hello(): ServerFrame {
    const { server, takesSends, sendWindow } = this.#settings;
    const { min: versionMin, max: versionMax } = GATEWAY_VERSIONS;
    const window = takesSends ? sendWindow : 0;
    return { kind: 'hello', versionMin, versionMax, server, instance: INSTANCE, takesSends, window };
  }

  welcomed(welcome: Welcome, isFirst: boolean): void {
    const { coreVersion, maxMessage, window, chainDeadlineMs } = welcome;
    this.#window = Math.max(1, window);
    this.#maxMessage = maxMessage;
    this.#chainDeadlineMs = chainDeadlineMs || CHAIN_DEADLINE_MS;
    const before = this.#callbacks;
    this.#callbacks = new Set(welcome.callbacks);
    if (isFirst) {
      this.#tally.connects += 1;
      this.#isToldDown = false;
      this.#listener.up({ coreVersion, maxMessage, window, chainDeadlineMs });
    }
    if (!isSame(before, this.#callbacks)) this.#listener.callbacks(this.#callbacks);
    this.#sendOn();
  }

  decided({ low, by }: ShortOutcome): void {
    const flight = this.#flights.land(low);
    if (!flight?.resolve) this.#tally.lateOutcomes += 1;
    else this.#answer(flight, this.#decisionOf(flight, by === null ? 'pass' : 'consumed', by, low));
    if (this.#flights.waiting > 0) this.#sendOn();
  }

  received(frame: Exclude<CoreFrame, Welcome>): void {
    if (frame.kind === 'outcome') this.#decidedMore(frame);
    else if (frame.kind === 'failure') this.#listener.warning(`the core says: ${frame.message}`);
    else if (!this.#closing) this.#sends?.take(frame);
  }

  #decidedMore(frame: OutcomeFrame): void {
    const id = Number(frame.id & 0xffffffffn);
    const flight = this.#flights.land(id);
    if (!flight?.resolve) this.#tally.lateOutcomes += 1;
    else if (frame.failure) this.#default(flight, 'refused', frame.failure.message, id);
    else {
      const decision = this.#decisionOf(flight, frame.verdict, frame.by, id);
      decision.take(frame);
      const { reason, defaultBy } = decision;
      if (reason !== null) this.#warnings.add(reason, `module ${defaultBy} could not decide`, performance.now());
      this.#answer(flight, decision);
    }
    this.#sendOn();
  }

  ended(error: SupervisorError, wasUp: boolean): void {
    this.#down = error.message;
    this.#stillness.forget();
    if (wasUp) this.#tally.lost += 1;
    else this.#tally.failedConnects += 1;
    this.#sends?.forget();
    for (const [flight, id] of this.#flights.lose()) this.#default(flight, 'unreachable', error.message, id);
    // Events that were not handed over may go over the next connection, unless no attempt is made for now.
    while (this.#link.state === 'waiting') {
      const flight = this.#flights.next();
      if (!flight) break;
      this.#default(flight, 'unreachable', error.message);
    }
    if (this.#isToldDown) return;
    this.#isToldDown = true;
    this.#listener.down(error);
  }

  drained(): void {
    this.#sendOn();
  }

  beforeWrite(): void {
    for (const answer of this.#sends?.takeAnswers() ?? []) writeServerFrame(this.#link.out, answer);
  }
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((name) => other.has(name));
}
