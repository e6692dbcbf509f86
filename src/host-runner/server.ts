/**
 * The serving loop of a host. Frames with calls go to the shim as they came. What the module did comes back from the black box,
 * in order. Everything runs on the main thread; only the module's own threads also write to the box.
 */

import { Socket } from 'node:net';
import { damagedFrame } from '../wire/codec.js';
import type { CoreLink } from './core-link.js';
import { Lane } from './lane.js';
import { Reports } from './reports.js';
import type { HttpStarter } from './services/http-starter.js';
import { ACCEPTED, BATCH, type Shim } from './shim.js';
import { type Turn, Turns } from './turns.js';

/** After a batch has run for this long, finished verdicts are answered before it goes on. */
const SLICE_MICROS = 1000;
/** Somebody waits for the verdict of a message, but nobody for that of a notification. If both wait, messages get more time. */
const SLICE_BESIDE_MESSAGES_MICROS = 100;

/** Runs the calls of one host. */
export class Server {
  readonly #shim: Shim;
  readonly #link: CoreLink;
  readonly #http: HttpStarter;
  readonly #reports: Reports;
  readonly #messages: Lane;
  /** Statuses, logins, calls. */
  readonly #notifications: Lane;
  #scheduled = false;
  #retired = false;
  readonly #turns = new Turns();
  #stopping: 'no' | 'finishing' | 'closed' = 'no';

  constructor(shim: Shim, link: CoreLink, http: HttpStarter) {
    this.#shim = shim;
    this.#link = link;
    this.#http = http;
    this.#reports = new Reports(shim);
    this.#messages = new Lane('message', shim);
    this.#notifications = new Lane('notification', shim);
    const wake = new Socket({ fd: shim.wakeFd(), readable: true, writable: false });
    wake.on('data', () => {
      this.#shim.clearWake();
      this.drain();
      this.#http.startIfWanted();
      this.#schedule();
    });
  }

  /**
   * Takes the calls and the acknowledgement of a frame. The frame is read in place, so its bytes must not change.
   *
   * @returns `false`: it is another frame
   * @throws {HandshakeError} when it is none
   */
  accept(bytes: Buffer): boolean {
    const batch = new Uint32Array(BATCH.words);
    const accepted = this.#shim.accept(bytes, bytes.length, batch);
    if (accepted === ACCEPTED.other) return false;
    if (accepted === ACCEPTED.damaged) throw damagedFrame('core', bytes);
    const frame = { bytes, batch };
    this.#messages.push(frame);
    this.#notifications.push(frame);
    this.#schedule();
    return true;
  }

  /** Stops calling the module: its init has refused. */
  retire(): void {
    this.#retired = true;
  }

  /** Finishes what is pending, ends open requests, calls the module's cleanup, and ends the process. */
  stop(): void {
    this.#stopping = 'finishing';
    this.#schedule();
  }

  /** Reports everything that the box holds and the core was not told. */
  drain(): void {
    for (let frame = this.#reports.next(); frame !== null; frame = this.#reports.next()) this.#link.sendEncoded(frame);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#retired) return;
    // Before more callbacks: a response that never ends would keep the host from stopping for ever.
    if (this.#stopping === 'finishing' && this.#hasNoCalls) this.#closeRequests();
    const turn = this.#turns.next((kind) => this.#waits(kind));
    if (turn === 'http') this.#callBack();
    else if (turn === 'message') this.#makeCalls(this.#messages, SLICE_MICROS);
    else if (turn === 'notification') this.#makeCalls(this.#notifications, this.#notificationSlice);
    else if (this.#stopping === 'closed') this.#end();
  }

  #waits(kind: Turn): boolean {
    if (kind === 'http') return this.#shim.httpPending() !== 0;
    return !(kind === 'message' ? this.#messages : this.#notifications).isEmpty;
  }

  get #hasNoCalls(): boolean {
    return this.#messages.isEmpty && this.#notifications.isEmpty;
  }

  get #notificationSlice(): number {
    return this.#messages.isEmpty ? SLICE_MICROS : SLICE_BESIDE_MESSAGES_MICROS;
  }

  #callBack(): void {
    const told = this.#shim.httpRun(SLICE_MICROS);
    this.drain();
    this.#goOn(told);
  }

  #makeCalls(lane: Lane, micros: number): void {
    const made = lane.run(micros);
    this.drain();
    this.#goOn(made);
  }

  /** Without room in the box nothing was executed: the next acknowledgement goes on. */
  #goOn(executed: number): void {
    if (executed > 0 && this.#hasMore) this.#schedule();
  }

  /** What comes later schedules a turn itself. */
  get #hasMore(): boolean {
    return this.#stopping !== 'no' || !this.#hasNoCalls || this.#shim.httpPending() !== 0;
  }

  /** Their callbacks, including those of failure, are made in the following turns. */
  #closeRequests(): void {
    this.#stopping = 'closed';
    this.#shim.httpClose();
  }

  #end(): void {
    this.#shim.cleanup();
    this.drain();
    this.#shim.exit(0);
  }
}
