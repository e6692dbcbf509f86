/** What is counted of one shadow, and the last examples. Its size is bounded. */

import type { CallEvent } from '../../wire/call-event.js';
import type { CallAnswer } from '../calls/pending-call.js';
import type { SentRecord } from '../calls/sent-record.js';
import { LatencyHistogram } from '../news/latency.js';
import { since } from '../news/totals.js';
import type { Difference, ShadowExample, ShadowReport, ShadowSend, ShadowTotals } from '../types.js';
import { differencesOf } from './compare.js';
import { makeExample, makeSend, withoutBodies } from './examples.js';

/** Of the last disagreements and of the last sends so many are kept. */
const MOST_KEPT = 20;
/** Making an example takes time. When there are enough, the next one is made after this. */
const PAUSE_MS = 10;

/** Raised by each reset of any tally. So one number says before which resets an event was offered. */
let lastEra = 0;

/** Of what is offered now. */
export function eraOfNow(): number {
  return lastEra;
}

/** Both answers to one message, and how long each took. */
export interface BothAnswers {
  /** {@link eraOfNow} when the primary was offered it. */
  era: number;
  event: CallEvent;
  primary: CallAnswer;
  primaryMicros: number;
  shadow: CallAnswer;
  shadowMicros: number;
}

/** Of all shadows that have or had a name. */
export class ShadowTally {
  /** To be raised, and never lowered. */
  readonly totals: ShadowTotals = noTotals();
  #before = noTotals();
  #since = new Date();
  /** What was offered earlier does not count any more. */
  #era = lastEra;
  #latency = { primary: new LatencyHistogram(), shadow: new LatencyHistogram() };
  #primarySendsBefore = 0;
  #examples: ShadowExample[] = [];
  #sends: ShadowSend[] = [];
  #nextExampleMs = 0;
  #nextSendMs = 0;
  #keepsBodies = true;

  /**
   * Counts from 0.
   *
   * @param primarySends - how many messages its primary has sent up to now
   * @param refusedByLiving - http requests refused to its living hosts, which are added to the totals when these end
   */
  reset(primarySends: number, refusedByLiving = 0): void {
    this.#before = copyTotals(this.totals);
    this.#before.refusedHttp += refusedByLiving;
    lastEra += 1;
    this.#era = lastEra;
    this.#since = new Date();
    this.#latency = { primary: new LatencyHistogram(), shadow: new LatencyHistogram() };
    this.#primarySendsBefore = primarySends;
    this.#examples = [];
    this.#sends = [];
  }

  /** Whether bodies of messages may be kept, by the settings of the shadow and of its primary. */
  get keepsBodies(): boolean {
    return this.#keepsBodies;
  }

  /** Sets {@link keepsBodies}; those that are kept are forgotten if not. */
  keepBodies(mayBeKept: boolean): void {
    this.#keepsBodies = mayBeKept;
    if (mayBeKept) return;
    this.#examples = this.#examples.map(withoutBodies);
    this.#sends = this.#sends.map((send) => ({ ...send, payload: null }));
  }

  /** Both have answered, or a default was given in the place of one. */
  answered(answered: BothAnswers, nowMs: number): void {
    const { era, event, primary, shadow } = answered;
    const isOwn = primary.default === null && shadow.default === null;
    const differs = isOwn ? differencesOf(event, primary, shadow) : [];
    count(answered, differs, this.totals);
    // It was offered before the reset, maybe to other versions.
    if (era < this.#era) count(answered, differs, this.#before);
    else if (isOwn) this.#show(answered, differs, nowMs);
  }

  /** It was not offered a message, because too much waits. @param era - as in {@link BothAnswers} */
  skipped(era: number): void {
    this.totals.skipped.overload += 1;
    if (era < this.#era) this.#before.skipped.overload += 1;
  }

  /** It was offered another event than a message. @param era - as in {@link BothAnswers} */
  sawOther(era: number): void {
    this.totals.others += 1;
    if (era < this.#era) this.#before.others += 1;
  }

  /** It sent a message, which goes nowhere. */
  sent(sent: SentRecord, nowMs: number): void {
    this.totals.sends += 1;
    if (this.#sends.length >= MOST_KEPT && nowMs < this.#nextSendMs) return;
    this.#nextSendMs = nowMs + PAUSE_MS;
    keep(this.#sends, makeSend(sent, this.#keepsBodies));
  }

  /** What was counted since the last reset. @param primarySends, refusedByLiving - as for {@link reset} */
  report(name: string, shadowOf: string, primarySends: number, refusedByLiving = 0): ShadowReport {
    const totals = since(this.#before, this.totals);
    totals.refusedHttp = Math.max(0, totals.refusedHttp + refusedByLiving);
    const { primary, shadow } = this.#latency;
    const latencyOf = (of: LatencyHistogram) => ({ p50: of.quantile(0.5), p99: of.quantile(0.99) });
    return {
      name,
      shadowOf,
      since: this.#since.toISOString(),
      totals,
      compared: totals.agreed + totals.otherVerdict + totals.otherChanges,
      primarySends: Math.max(0, primarySends - this.#primarySendsBefore),
      latencyMicros: { primary: latencyOf(primary), shadow: latencyOf(shadow) },
      examples: [...this.#examples],
      sends: [...this.#sends],
      keepsBodies: this.#keepsBodies,
    };
  }

  #show(
    { event, primary, primaryMicros, shadow, shadowMicros }: BothAnswers,
    differs: readonly Difference[],
    nowMs: number,
  ): void {
    this.#latency.primary.record(primaryMicros);
    this.#latency.shadow.record(shadowMicros);
    if (differs.length === 0 || (this.#examples.length >= MOST_KEPT && nowMs < this.#nextExampleMs)) return;
    this.#nextExampleMs = nowMs + PAUSE_MS;
    keep(this.#examples, makeExample(event, primary, shadow, differs, this.#keepsBodies));
  }
}

/** The same, which stays as it is. */
export function copyTotals(totals: ShadowTotals): ShadowTotals {
  return { ...totals, defaulted: { ...totals.defaulted }, skipped: { ...totals.skipped } };
}

function noTotals(): ShadowTotals {
  return {
    agreed: 0,
    otherVerdict: 0,
    otherChanges: 0,
    defaulted: { crash: 0, hang: 0, deadline: 0, quarantine: 0 },
    skipped: { overload: 0, down: 0 },
    primaryDefaulted: 0,
    others: 0,
    sends: 0,
    refusedHttp: 0,
  };
}

function count({ primary, shadow }: BothAnswers, differs: readonly Difference[], totals: ShadowTotals): void {
  const { default: reason } = shadow;
  if (reason === 'overload' || reason === 'down') totals.skipped[reason] += 1;
  else if (reason !== null) totals.defaulted[reason] += 1;
  else if (primary.default !== null) totals.primaryDefaulted += 1;
  else if (differs.length === 0) totals.agreed += 1;
  else totals[differs[0] === 'verdict' ? 'otherVerdict' : 'otherChanges'] += 1;
}

function keep<T>(kept: T[], one: T): void {
  kept.push(one);
  if (kept.length > MOST_KEPT) kept.shift();
}
