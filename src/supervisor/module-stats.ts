/** What is counted of one module for its status. */

import { LatencyHistogram } from './latency.js';
import type { CallAnswer } from './pending-call.js';
import type { ModuleStatus } from './types.js';

/** Counters that only grow, as `status` shows them. */
export class ModuleStats {
  readonly #messages = { pass: 0, consumed: 0, default: 0 };
  readonly #crashes = { crash: 0, exit: 0, hang: 0 };
  readonly #latency = new LatencyHistogram();
  #lastSignal: string | null = null;
  #lastAt: string | null = null;
  /** Times that the module was started again after it had served. */
  restarts = 0;

  /** Counts the verdict on one message. */
  countMessage(answer: CallAnswer, micros: number): void {
    if (answer.default !== null) {
      this.#messages.default += 1;
      return;
    }
    this.#messages[answer.verdict] += 1;
    this.#latency.record(micros);
  }

  /** Counts one death that nobody had asked for. */
  countCrash(cause: 'crash' | 'exit' | 'hang', signal: string | null, at: Date): void {
    this.#crashes[cause] += 1;
    this.#lastSignal = signal;
    this.#lastAt = at.toISOString();
  }

  /** The counters in the form of a status. */
  status(): Pick<ModuleStatus, 'restarts' | 'crashes' | 'messages' | 'latencyMicros'> {
    const { crash, exit, hang } = this.#crashes;
    const { pass, consumed, default: defaults } = this.#messages;
    return {
      restarts: this.restarts,
      crashes: {
        total: crash + exit + hang,
        byCause: { crash, exit, hang },
        lastSignal: this.#lastSignal,
        lastAt: this.#lastAt,
      },
      messages: { total: pass + consumed + defaults, pass, consumed, default: defaults },
      latencyMicros: { p50: this.#latency.quantile(0.5), p99: this.#latency.quantile(0.99) },
    };
  }
}
