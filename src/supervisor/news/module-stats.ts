/** What is counted of one module. */

import { DurationBuckets } from '../../duration-buckets.js';
import type { CallAnswer } from '../calls/pending-call.js';
import type { DroppedKind } from '../host/host-listener.js';
import type { DefaultReason, FailureCause, ModuleStatus, ModuleTotals } from '../types.js';
import { LatencyHistogram } from './latency.js';
import { copyTotals, noTotals, since } from './totals.js';

/** Who keeps what modules send says more. */
const NONE_KEPT = { waiting: 0, delivered: 0, refusedByServer: 0, expired: 0, consumed: 0 };

/** From a tenth of a millisecond to 10 seconds. */
const BOUNDS_MICROS = [
  100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
  10_000_000,
];

/**
 * Counters of all modules that have or had a name, in one run of a core. A status shows what was counted since {@link reset}.
 * The totals only grow, for programs that compare what they read with what they read before.
 */
export class ModuleStats {
  /** To be raised, and never lowered. */
  readonly totals: ModuleTotals = noTotals();
  readonly durations = new DurationBuckets(BOUNDS_MICROS);
  /** What stood in the totals at the last reset. */
  #before = noTotals();
  #latency = new LatencyHistogram();
  #lastSignal: string | null = null;
  #lastAt: string | null = null;

  /** A status begins at 0 again. */
  reset(): void {
    this.#before = copyTotals(this.totals);
    this.#latency = new LatencyHistogram();
    this.#lastSignal = null;
    this.#lastAt = null;
  }

  /** Counts the verdict on one message. */
  countMessage(answer: CallAnswer, micros: number): void {
    if (answer.default !== null) {
      this.totals.defaults[answer.verdict][answer.default] += 1;
      return;
    }
    this.totals.own[answer.verdict] += 1;
    this.#latency.record(micros);
    this.durations.record(micros);
  }

  /** Counts lines, or bytes of a stream, that were dropped. */
  countDropped(kind: DroppedKind, count: number): void {
    this.totals.dropped[kind === 'limited' || kind === 'full' ? 'logLines' : 'outputBytes'] += count;
  }

  /** Counts one unexpected death. */
  countCrash(cause: FailureCause, signal: string | null, at: Date): void {
    this.totals.crashes[cause] += 1;
    this.#lastSignal = signal;
    this.#lastAt = at.toISOString();
  }

  /** The counters in the form of a status. */
  status(): Pick<
    ModuleStatus,
    'restarts' | 'failedStarts' | 'crashes' | 'messages' | 'sends' | 'dropped' | 'latencyMicros'
  > {
    const { own, defaults, late, filtered, restarts, failedStarts, crashes, sends, dropped } = since(
      this.#before,
      this.totals,
    );
    const byReason = addReasons(defaults);
    const inPlace = sum(byReason);
    return {
      restarts,
      failedStarts,
      crashes: { total: sum(crashes), byCause: crashes, lastSignal: this.#lastSignal, lastAt: this.#lastAt },
      messages: {
        total: own.pass + own.consumed + inPlace,
        ...own,
        default: inPlace,
        defaultConsumed: sum(defaults.consumed),
        defaultByReason: byReason,
        late,
        filtered,
      },
      sends: { ...sends, ...NONE_KEPT },
      dropped,
      latencyMicros: { p50: this.#latency.quantile(0.5), p99: this.#latency.quantile(0.99) },
    };
  }
}

function addReasons({ pass, consumed }: ModuleTotals['defaults']): Record<DefaultReason, number> {
  const reasons = Object.keys(pass) as DefaultReason[];
  const sums = reasons.map((reason) => [reason, pass[reason] + consumed[reason]]);
  return Object.fromEntries(sums) as Record<DefaultReason, number>;
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
