/**
 * Replaces hosts of a module that have served long enough, without losing a message. One at a time: another host starts beside
 * the old one, by the same build, and takes over when it is ready. Whatever else is prepared or ordered comes first.
 */

import { performance } from 'node:perf_hooks';
import type { SupervisorError } from '../../errors.js';
import type { Wear } from '../types.js';
import { findDue, nextAgeMs, type RecyclingSettings, retryDelayMs, type Worn } from './recycling-policy.js';

/** While something else is in progress, and after so long at the latest, it looks again. */
const LOOK_AGAIN_MS = 1000;
/** Timers take no longer times. */
const LONGEST_TIMER_MS = 3_600_000;

/** What became of the host that was to take over. */
export type RenewalEnd<H> =
  | { kind: 'took-over'; by: H }
  | { kind: 'failed'; error: SupervisorError }
  /** Something else came first, or the old host has died and this one serves in its place. */
  | { kind: 'given-up' };

/** One replica, as far as it matters here. */
export interface Renewable<H> {
  /** Its host, if that one may be replaced now. */
  readonly renewable: H | null;
  /** Starts another host, which takes over as soon as it is ready. @param ended is told once */
  renew(wear: Wear, ended: (end: RenewalEnd<H>) => void): void;
  /** Ends what {@link renew} has started. */
  giveUpRenewal(): void;
}

/** What it works with. */
export interface RecyclingOptions<H> {
  settings: () => RecyclingSettings;
  replicas: () => readonly Renewable<H>[];
  /** Whether hosts start, end or wait that do not simply serve. */
  isBusy: () => boolean;
  /** A host has taken over. */
  recycled(host: H, by: H, wear: Wear): void;
  /** A host could not be replaced, and goes on; the next try is after so long. */
  failed(host: H, wear: Wear, error: SupervisorError, retryMs: number): void;
  now?: () => number;
}

/** A host whose successor could not start. */
interface Held {
  /** Successors in a row that could not. */
  failures: number;
  /** When the next one is tried. */
  untilMs: number;
}

/** Of all replicas of a module. */
export class Recycling<H extends Worn> {
  readonly #options: RecyclingOptions<H>;
  readonly #now: () => number;
  #current: Renewable<H> | null = null;
  /** One that cannot be replaced must not keep the others from it. */
  readonly #held = new WeakMap<H, Held>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecyclingOptions<H>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** A host may be due, or something is over that was in the way. */
  look(): void {
    const nowMs = this.#now();
    this.#next(nowMs);
    this.#arm(nowMs);
  }

  /** A host may have reached `max_messages`. It is asked for each of its reports. */
  spent(host: H, nowMs: number): void {
    if (!this.#isHeld(host, nowMs)) this.#next(nowMs);
  }

  /** Replaces a host for another reason. @returns `false` when that must wait */
  replace(host: H, wear: Wear): boolean {
    const nowMs = this.#now();
    return this.#isFree() && !this.#isHeld(host, nowMs) && this.#begin(host, wear);
  }

  /** Something comes first. What was started ends, and the old host goes on until {@link look}. */
  giveUp(): void {
    this.#current?.giveUpRenewal();
  }

  /** No host is wanted any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #hosts(): H[] {
    return this.#options.replicas().flatMap(({ renewable }) => renewable ?? []);
  }

  #isFree(): boolean {
    return this.#current === null && !this.#options.isBusy();
  }

  #isHeld(host: H, nowMs: number): boolean {
    return nowMs < (this.#held.get(host)?.untilMs ?? 0);
  }

  #next(nowMs: number): void {
    if (!this.#isFree()) return;
    const hosts = this.#hosts.filter((host) => !this.#isHeld(host, nowMs));
    const due = findDue(hosts, this.#options.settings(), nowMs);
    if (due !== null) this.#begin(due.host, due.wear);
  }

  #begin(host: H, wear: Wear): boolean {
    const replica = this.#options.replicas().find(({ renewable }) => renewable === host);
    if (!replica) return false;
    this.#current = replica;
    replica.renew(wear, (end) => this.#ended(host, wear, end));
    return true;
  }

  #ended(host: H, wear: Wear, end: RenewalEnd<H>): void {
    this.#current = null;
    switch (end.kind) {
      case 'took-over':
        this.#options.recycled(host, end.by, wear);
        break;
      case 'failed': {
        const failures = (this.#held.get(host)?.failures ?? 0) + 1;
        const retryMs = retryDelayMs(failures);
        this.#held.set(host, { failures, untilMs: this.#now() + retryMs });
        this.#options.failed(host, wear, end.error, retryMs);
        break;
      }
      case 'given-up':
        break;
    }
  }

  /** For a host that comes of age, and for one that is due and must wait. */
  #arm(nowMs: number): void {
    this.close();
    // Not every end of a renewal is followed by a look.
    const atMs =
      this.#current === null
        ? Math.min(...this.#hosts.map((host) => this.#nextLookMs(host, nowMs)))
        : nowMs + LOOK_AGAIN_MS;
    if (atMs === Number.POSITIVE_INFINITY) return;
    // Never before its time, which a timer may come a little early for.
    const delayMs = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(atMs - nowMs) + 1));
    this.#timer = setTimeout(() => this.look(), delayMs).unref();
  }

  #nextLookMs(host: H, nowMs: number): number {
    const settings = this.#options.settings();
    if (findDue([host], settings, nowMs) === null) return nextAgeMs([host], settings) ?? Number.POSITIVE_INFINITY;
    return Math.max(this.#held.get(host)?.untilMs ?? 0, nowMs + LOOK_AGAIN_MS);
  }
}
