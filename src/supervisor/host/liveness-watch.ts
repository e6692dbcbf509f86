/**
 * Watches a serving host with one timer. While the host has calls, it looks at them in the black box. While the host is idle,
 * it expects heartbeats: as long as the host counts its beats in the box, it is not asked.
 */

import { performance } from 'node:perf_hooks';
import type { BoxHeader } from '../../wire/black-box.js';
import type { StackTaking } from '../runner/runner.js';
import { judge, LIVENESS, type Liveness, SOONEST_LOOK_MS, stackAfter } from './liveness.js';

/** What the watch needs of its host. */
export interface Watched {
  /** The header of its black box. */
  readHeader(): BoxHeader | null;
  /** Whether the host still owes the call with this sequence number. */
  owes(seq: number): boolean;
  /** How many calls it holds. */
  inFlight(): number;
  /** Asks it for a sign of life. */
  beat(): void;
  /** The process that traces it; `null`: none does. */
  tracer(): number | null;
  /** A debugger traces it, so it is not given up. Told once for each debugger. */
  spared(tracer: number): void;
  /** Begins to take its stack: a callback may be about to hang. */
  takeStack(): StackTaking;
  /** It hangs or cannot be reached. */
  failed(verdict: Extract<Liveness, { kind: 'hung' | 'unreachable' }>): void;
}

/** The settings that decide. */
export interface LivenessSettings {
  hangMs: number | null;
  heartbeatMs: number;
}

/** When the core itself was held up, an answer may lie unread. Then the host is looked at again this much later. */
const DOUBT_MS = 100;
/**
 * The host is asked when its box has had no new beat for this many heartbeats. It is more than one because host and core do not
 * tick together.
 */
const UNASKED = 1.5;
/** At most so many of these heartbeats count as silence. A core that was held up itself saw no beat for longer. */
const UNASKED_COUNT = 2;
/** A traced host is looked at again this much later. */
const TRACED_MS = 1000;

/** Callbacks that are slow, and do not hang, are not held up again before this time is over. */
const STACK_PAUSE_MS = 10_000;

/**
 * When a callback has less time than `hang` gives it, no stack is taken below this. While the stack is taken, the process stands
 * still, and messages behind the callback would reach their deadline.
 */
const LEAST_FOR_STACK_MS = 6000;

/** Runs from ready to the end of the drain. */
export class LivenessWatch {
  #settings: LivenessSettings;
  #callbackMs: number | null;
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires: at the next look, or before. */
  #armedMs = 0;
  #dueMs = 0;
  #open = false;
  #heardMs = 0;
  #beatMs: number | null = null;
  #beats: number | undefined;
  #beatSeenMs = Number.NEGATIVE_INFINITY;
  #tracedMs = Number.NEGATIVE_INFINITY;
  #tracer: number | null = null;
  #doubted = false;
  /** Of the callback that began at this time, as its box has it. */
  #stack: { of: bigint; taking: StackTaking } | null = null;
  /** Whether it is of the callback that is being executed. */
  #hasStack = false;
  #stackMs = Number.NEGATIVE_INFINITY;
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(settings: LivenessSettings, watched: Watched) {
    this.#settings = settings;
    this.#callbackMs = settings.hangMs;
    this.#watched = watched;
  }

  /** The stack of the callback that was seen last, if it was slow; `null`: it was not, or its stack could not be taken again. */
  get stack(): StackTaking | null {
    return this.#hasStack ? (this.#stack?.taking ?? null) : null;
  }

  /** Takes another heartbeat, for what is looked at from now on. */
  beatEvery(heartbeatMs: number): void {
    if (heartbeatMs === this.#settings.heartbeatMs) return;
    this.#settings = { ...this.#settings, heartbeatMs };
    this.#lookIn(Math.min(heartbeatMs, Math.max(0, this.#dueMs - performance.now())));
  }

  /** How long a callback may run. */
  get callbackMs(): number | null {
    return this.#callbackMs;
  }

  /** Takes another limit for callbacks, also for one that runs. */
  limitCallbacks(callbackMs: number | null): void {
    if (callbackMs === this.#callbackMs) return;
    this.#callbackMs = callbackMs;
    this.#lookIn(0);
  }

  /** The host is ready. */
  open(): void {
    this.#open = true;
    this.heard();
    this.#lookIn(this.#settings.heartbeatMs);
  }

  /** The host, which held nothing, was given a call. */
  begin(nowMs = performance.now()): void {
    this.heard(nowMs);
    const firstLookMs = this.#callbackMs === null ? Number.POSITIVE_INFINITY : stackAfter(this.#callbackMs);
    this.#lookIn(Math.min(firstLookMs, LIVENESS * this.#settings.heartbeatMs), nowMs);
  }

  /** The host said something. */
  heard(nowMs = performance.now()): void {
    this.#heardMs = nowMs;
    this.#beatMs = null;
    this.#doubted = false;
  }

  /** The host holds nothing any more. */
  idle(nowMs = performance.now()): void {
    this.#lookTogether(nowMs);
  }

  /** The host is being ended. The stop has its own time limits. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A timer that fires sooner stays and is set again when it fires. So no timer is set and cleared for each call. */
  #lookIn(ms: number, nowMs = performance.now()): void {
    this.#dueMs = nowMs + ms;
    if (!this.#open || (this.#timer !== undefined && this.#armedMs <= this.#dueMs)) return;
    clearTimeout(this.#timer);
    this.#arm(ms, nowMs);
  }

  #arm(ms: number, nowMs: number): void {
    this.#armedMs = nowMs + ms;
    this.#timer = setTimeout(() => this.#fired(), ms);
  }

  #fired(): void {
    this.#timer = undefined;
    // Counted from when the timer should have fired, not from now. So the host keeps its time when the core was held up.
    const leftMs = this.#dueMs - this.#armedMs;
    if (leftMs > 0) this.#arm(leftMs, performance.now());
    else this.#look();
  }

  /** Looks within a heartbeat. Hosts that need not be asked are looked at together, so that the core wakes up once. */
  #lookTogether(nowMs = performance.now()): void {
    const { heartbeatMs } = this.#settings;
    const toNextMs = heartbeatMs - (nowMs % heartbeatMs);
    this.#lookIn(this.#beats === undefined || toNextMs < SOONEST_LOOK_MS ? heartbeatMs : toNextMs, nowMs);
  }

  #look(): void {
    const nowMs = performance.now();
    // The host may have been held up as long, in a container that was paused: then it has only just gone on.
    const isLate = nowMs - this.#dueMs > DOUBT_MS;
    const owes = this.#watched.inFlight() > 0;
    const header = this.#watched.readHeader();
    this.#countBeats(header, nowMs);
    const executingSinceMs = this.#executingSinceMs(header, nowMs);
    this.#noteStack(executingSinceMs === null ? null : header, nowMs);
    const hasStack = this.#isHurried || this.#hasStack || nowMs - this.#stackMs < STACK_PAUSE_MS;
    const verdict = judge({
      nowMs,
      ...this.#settings,
      callbackMs: this.#callbackMs,
      owes,
      executingSinceMs,
      heardMs: this.#heardMs,
      beatMs: this.#beatMs,
      tracedMs: this.#tracedMs,
      heldMs: this.stack?.heldMs ?? 0,
      heldUntilMs: this.#heldUntilMs,
      hasStack,
    });
    if (verdict.kind === 'alive') {
      if (verdict.beat) this.#beat(nowMs);
      if (verdict.lookAgainMs === this.#settings.heartbeatMs) this.#lookTogether();
      else this.#lookIn(verdict.lookAgainMs);
    } else if (verdict.kind === 'slow') {
      // Who looks at it with a debugger sees more, and does not let others in.
      if (header !== null && !this.#isTraced(nowMs)) this.#takeStack(header, nowMs);
      this.#lookIn(verdict.lookAgainMs);
    } else if (this.#isTraced(nowMs)) {
      this.#lookIn(TRACED_MS);
    } else if (this.#doubted || (verdict.kind === 'hung' && !isLate)) {
      this.#watched.failed(verdict);
    } else {
      this.#doubted = true;
      if (verdict.kind === 'hung' && header !== null && !hasStack) this.#takeStack(header, nowMs);
      this.#lookIn(DOUBT_MS);
    }
  }

  get #isHurried(): boolean {
    const callbackMs = this.#callbackMs;
    return callbackMs !== null && callbackMs !== this.#settings.hangMs && callbackMs < LEAST_FOR_STACK_MS;
  }

  #takeStack({ currentStart }: BoxHeader, nowMs: number): void {
    this.#stackMs = nowMs;
    this.#stack = { of: currentStart, taking: this.#watched.takeStack() };
    this.#hasStack = true;
  }

  /** The stack of a callback that has ended is of no use. It is taken to its end, or the process might stay stopped. */
  #noteStack(header: BoxHeader | null, nowMs: number): void {
    if (this.#stack?.taking.heldMs === null) this.#heldUntilMs = nowMs;
    else if (this.#stack?.of !== header?.currentStart) this.#stack = null;
    this.#hasStack = this.#stack !== null && this.#stack.of === header?.currentStart;
  }

  #countBeats(header: BoxHeader | null, nowMs: number): void {
    if (header === null || header.beats === this.#beats) return;
    this.#beats = header.beats;
    this.#beatSeenMs = nowMs;
    this.#beatMs = null;
    this.#doubted = false;
  }

  #executingSinceMs(header: BoxHeader | null, nowMs: number): number | null {
    if (header === null) return null;
    const isCall = header.currentSeq !== 0 && this.#watched.owes(header.currentSeq);
    // A callback of an http request belongs to no call that the host owes.
    if (!isCall && header.currentEvent !== 'http') return null;
    // The box counts from the machine's start and performance.now() from the process's: both are CLOCK_MONOTONIC.
    const offsetMs = Number(process.hrtime.bigint()) / 1e6 - nowMs;
    return Number(header.currentStart) / 1e6 - offsetMs;
  }

  /** Asks, unless it has just been seen to live. */
  #beat(nowMs: number): void {
    const { heartbeatMs } = this.#settings;
    if (nowMs - this.#beatSeenMs < UNASKED * heartbeatMs) return;
    this.#beatMs = this.#beats === undefined ? nowMs : Math.max(this.#beatSeenMs, nowMs - UNASKED_COUNT * heartbeatMs);
    this.#watched.beat();
  }

  #isTraced(nowMs: number): boolean {
    const tracer = this.#watched.tracer();
    if (tracer !== null) {
      this.#tracedMs = nowMs;
      if (tracer !== this.#tracer) this.#watched.spared(tracer);
    }
    this.#tracer = tracer;
    return tracer !== null;
  }
}
