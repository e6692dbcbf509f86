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

/** Of all replicas of a module. */
export class Recycling<H extends Worn> {
  readonly #options: RecyclingOptions<H>;
  readonly #now: () => number;
  #current: Renewable<H> | null = null;
  /** Successors in a row that could not start. */
  #failures = 0;
  #retryMs = Number.NEGATIVE_INFINITY;
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

  /** A host may have reached `max_messages`. */
  spent(nowMs: number): void {
    this.#next(nowMs);
  }

  /** Replaces a host for another reason. @returns `false` when that must wait */
  replace(host: H, wear: Wear): boolean {
    return this.#isFree(this.#now()) && this.#begin(host, wear);
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

  #isFree(nowMs: number): boolean {
    return this.#current === null && nowMs >= this.#retryMs && !this.#options.isBusy();
  }

  #next(nowMs: number): void {
    if (!this.#isFree(nowMs)) return;
    const due = findDue(this.#hosts, this.#options.settings(), nowMs);
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
        this.#failures = 0;
        this.#options.recycled(host, end.by, wear);
        break;
      case 'failed': {
        this.#failures += 1;
        const retryMs = retryDelayMs(this.#failures);
        this.#retryMs = this.#now() + retryMs;
        this.#options.failed(host, wear, end.error, retryMs);
        break;
      }
      case 'given-up':
        break;
    }
  }

  /** For a host that comes of age, and for one that is due and must wait. */
  #arm(nowMs: number): void {
    const { settings } = this.#options;
    this.close();
    if (this.#current !== null) return;
    const hosts = this.#hosts;
    const isDue = findDue(hosts, settings(), nowMs) !== null;
    const atMs = isDue ? Math.max(this.#retryMs, nowMs + LOOK_AGAIN_MS) : nextAgeMs(hosts, settings());
    if (atMs === null) return;
    // Never before its time, which a timer may come a little early for.
    const delayMs = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(atMs - nowMs) + 1));
    this.#timer = setTimeout(() => this.look(), delayMs).unref();
  }
}
