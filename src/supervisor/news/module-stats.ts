/** What is counted of one module for its status. */

import type { CallAnswer } from '../calls/pending-call.js';
import type { DroppedKind } from '../host/host-listener.js';
import type { FailureCause, ModuleStatus } from '../types.js';
import { LatencyHistogram } from './latency.js';

/** Who keeps what modules send says more. */
const NONE_KEPT = { waiting: 0, delivered: 0, refusedByServer: 0, expired: 0, consumed: 0 };

/** Counters that only grow, as `status` shows them. */
export class ModuleStats {
  readonly #messages = { pass: 0, consumed: 0, default: 0, late: 0 };
  readonly #crashes: Record<FailureCause, number> = { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0 };
  readonly #latency = new LatencyHistogram();
  #lastSignal: string | null = null;
  #lastAt: string | null = null;
  readonly #dropped = { logLines: 0, outputBytes: 0 };
  /** Messages that the module sent, those of them that nobody took, and those that its black box had no room for. */
  readonly sends = { total: 0, undelivered: 0, refused: 0 };
  /** Times that the module was started again after it had served. */
  restarts = 0;
  /** Starts that did not become ready. */
  failedStarts = 0;

  /** Counts the verdict on one message. */
  countMessage(answer: CallAnswer, micros: number): void {
    if (answer.default !== null) {
      this.#messages.default += 1;
      return;
    }
    this.#messages[answer.verdict] += 1;
    this.#latency.record(micros);
  }

  /** Counts lines, or bytes of a stream, that were dropped. */
  countDropped(kind: DroppedKind, count: number): void {
    this.#dropped[kind === 'limited' || kind === 'full' ? 'logLines' : 'outputBytes'] += count;
  }

  /** Counts one verdict that came when the default was given already. */
  countLate(): void {
    this.#messages.late += 1;
  }

  /** Counts one death that nobody had asked for. */
  countCrash(cause: FailureCause, signal: string | null, at: Date): void {
    this.#crashes[cause] += 1;
    this.#lastSignal = signal;
    this.#lastAt = at.toISOString();
  }

  /** The counters in the form of a status. */
  status(): Pick<
    ModuleStatus,
    'restarts' | 'failedStarts' | 'crashes' | 'messages' | 'sends' | 'dropped' | 'latencyMicros'
  > {
    const { pass, consumed, default: defaults, late } = this.#messages;
    return {
      restarts: this.restarts,
      failedStarts: this.failedStarts,
      crashes: {
        total: Object.values(this.#crashes).reduce((sum, count) => sum + count, 0),
        byCause: { ...this.#crashes },
        lastSignal: this.#lastSignal,
        lastAt: this.#lastAt,
      },
      messages: { total: pass + consumed + defaults, pass, consumed, default: defaults, late },
      sends: { ...this.sends, ...NONE_KEPT },
      dropped: { ...this.#dropped },
      latencyMicros: { p50: this.#latency.quantile(0.5), p99: this.#latency.quantile(0.99) },
    };
  }
}
