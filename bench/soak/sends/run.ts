/** The soak of sends: a module sends, its core is killed, the server is cut off; in the end everything has come. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJournal } from '../journal.js';
import { hashOf, makeMessage, ORDER } from '../message.js';
import { drawFor } from '../random.js';
import { type Arrival, checkArrivals, type SendsFigures, type SendsViolation } from './check.js';
import { CoreProcess } from './core-process.js';
import { Connection } from './server.js';

/** How much, and from which seed. */
export interface SendsSoakOptions {
  messages: number;
  kills: number;
  cuts: number;
  seed: number;
}

/** The result. */
export interface SendsSoakResult extends SendsFigures {
  violations: SendsViolation[];
  seconds: number;
  kills: number;
  cuts: number;
  /** Events without an outcome when a connection ended; they were not offered again. */
  unanswered: number;
  /** The journal of a run with violations is left here. */
  directory: string | null;
}

const CONCURRENCY = 128;
const AT_ORDERS = 4;
const WORK_MAX_MICROS = 20;
/** A core that does not serve after this time is given up. */
const START_MS = 120_000;
/** A message that has not come this long after the last one is lost. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 20;

/** What is done at a message. */
type Disturbance = 'kill' | 'cut' | 'away';

/** @throws {Error} when a core does not start */
export function runSendsSoak(options: SendsSoakOptions): Promise<SendsSoakResult> {
  return new SendsSoak(options).run();
}

class SendsSoak {
  readonly #options: SendsSoakOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'mm-soak-'));
  readonly #core = new CoreProcess(this.#directory);
  readonly #arrivals: Arrival[] = [];
  readonly #plan: Map<number, Disturbance>;
  #connection: Connection | null = null;
  /** Without it sends pile up. */
  #takesSends = true;
  #answered = 0;
  #unanswered = 0;
  #done = { kills: 0, cuts: 0 };
  #cameMs = 0;
  #wake: () => void = () => undefined;

  constructor(options: SendsSoakOptions) {
    this.#options = options;
    this.#plan = planOf(options);
  }

  async run(): Promise<SendsSoakResult> {
    const beganMs = performance.now();
    const { messages } = this.#options;
    let settled: ReturnType<typeof checkArrivals>;
    try {
      this.#core.start();
      // Others are offered in the place of those without an outcome.
      for (let number = 1; this.#answered < messages; number++) {
        await this.#room();
        this.#connection?.offer(number, this.#messageOf(number));
        const disturbance = this.#plan.get(number);
        if (disturbance) await this.#disturb(disturbance);
      }
      settled = await this.#settle();
    } finally {
      this.#connection?.cut();
      await this.#core.stop();
    }
    const { figures, violations } = settled;
    const isKept = violations.length === 0;
    if (isKept) rmSync(this.#directory, { recursive: true });
    return {
      ...figures,
      violations,
      seconds: (performance.now() - beganMs) / 1000,
      ...this.#done,
      unanswered: this.#unanswered,
      directory: isKept ? null : this.#directory,
    };
  }

  #messageOf(number: number): Buffer {
    const { payload } = makeMessage(this.#options.seed, number, null, WORK_MAX_MICROS);
    payload[AT_ORDERS] = ORDER.send;
    return payload;
  }

  /** Resolves when there is a connection, and room for another event. */
  async #room(): Promise<void> {
    for (;;) {
      this.#connection ??= await this.#connect(this.#takesSends);
      if (this.#connection.inFlight < CONCURRENCY) return;
      await this.#woken();
    }
  }

  async #disturb(disturbance: Disturbance): Promise<void> {
    // Until the next disturbance: messages that are sent meanwhile are there when a core is killed.
    this.#takesSends = disturbance !== 'away';
    if (disturbance === 'kill') {
      await this.#core.kill();
      this.#done.kills += 1;
      this.#core.start();
      return;
    }
    this.#connection?.cut();
    this.#done.cuts += 1;
    while (this.#connection !== null) await this.#woken();
  }

  /** All that the journal has is here, or nothing comes any more. */
  async #settle(): Promise<ReturnType<typeof checkArrivals>> {
    this.#takesSends = true;
    this.#connection?.cut();
    while (this.#connection !== null) await this.#woken();
    this.#cameMs = performance.now();
    for (;;) {
      this.#connection ??= await this.#connect(true);
      await Promise.race([this.#woken(), sleep(1000)]);
      // Reading it takes time, and more may arrive meanwhile.
      if (performance.now() - this.#cameMs < 1000) continue;
      const judged = checkArrivals(readJournal(this.#core.journalPath), this.#arrivals);
      if (!judged.violations.some(({ kind }) => kind === 'lost')) return judged;
      if (performance.now() - this.#cameMs > PATIENCE_MS) return judged;
    }
  }

  async #connect(takesSends: boolean): Promise<Connection> {
    const untilMs = performance.now() + START_MS;
    while (performance.now() < untilMs) {
      if (this.#core.end !== null) throw new Error(this.#core.end);
      const connection = await Connection.open(this.#core.gatewayPath, takesSends, {
        answered: () => {
          this.#answered += 1;
          this.#wake();
        },
        got: ({ sentId, payload }) => {
          this.#cameMs = performance.now();
          this.#arrivals.push({ sentId, number: payload.readUInt32LE(0), hash: hashOf(payload) });
        },
        closed: () => this.#lost(connection),
        failed: (text) => process.emitWarning(`the core: ${text}`),
      });
      if (connection !== null) return connection;
      await sleep(RETRY_MS);
    }
    throw new Error(`no core listened at ${this.#core.gatewayPath} within ${START_MS / 1000} s`);
  }

  #lost(connection: Connection | null): void {
    if (connection === null || this.#connection !== connection) return;
    this.#unanswered += connection.inFlight;
    this.#connection = null;
    this.#wake();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** At which messages what happens: half of the cuts are followed by a while in which nobody takes sends. */
function planOf({ seed, messages, kills, cuts }: SendsSoakOptions): Map<number, Disturbance> {
  const draw = drawFor(seed, 0);
  const plan = new Map<number, Disturbance>();
  const place = (count: number, kindOf: (index: number) => Disturbance) => {
    for (let placed = 0; placed < count && plan.size < messages; ) {
      const at = 1 + draw(messages);
      if (plan.has(at)) continue;
      plan.set(at, kindOf(placed));
      placed += 1;
    }
  };
  place(kills, () => 'kill');
  place(cuts, (index) => (index % 2 === 0 ? 'cut' : 'away'));
  return plan;
}
