/**
 * What a shadow costs the module that it shadows: a core with one beside a core without. They take turns, a little at a time. First
 * there is one message at a time, with pauses in which the shadow sees each; then 64 are in flight, of which it skips some.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { median } from '../../figures/statistics.js';
import { Times } from '../../figures/times.js';
import { PASS_MODULE } from '../../paths.js';
import { type PassCore, startPassCore } from '../core.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';

const ROUNDS = 30;
const MESSAGES = 100;
/** Between two messages, so that the shadow has time to see each. */
const PAUSE_MS = 1;
const LOADED_ROUNDS = 7;
const WINDOW = 64;
const LOADED_MS = 300;
const payload = makePayload(100);

/** One of the two cores, and what was measured of it. */
class Side {
  readonly #core: PassCore;
  /** The median of each round, in microseconds. */
  readonly p50s: number[] = [];
  /** Of all rounds. */
  readonly times = new Times();
  /** Messages a second, of each round with many in flight. */
  readonly rates: number[] = [];

  constructor(core: PassCore) {
    this.#core = core;
  }

  async oneByOne(): Promise<void> {
    const ofRound: number[] = [];
    for (let i = 0; i < MESSAGES; i++) {
      const began = performance.now();
      await this.#ask();
      const micros = (performance.now() - began) * 1000;
      ofRound.push(micros);
      this.times.add(micros);
      await setTimeout(PAUSE_MS);
    }
    this.p50s.push(median(ofRound));
  }

  async manyAtATime(): Promise<void> {
    const began = performance.now();
    let answered = 0;
    const ask = async (): Promise<void> => {
      while (performance.now() - began < LOADED_MS) {
        await this.#ask();
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, ask));
    this.rates.push((answered * 1000) / (performance.now() - began));
  }

  async #ask(): Promise<void> {
    const { trace } = await this.#core.supervisor.onMessage(PARAMS, payload);
    if (trace.length !== 1 || trace[0]?.default !== null)
      throw new Error(`a default verdict: ${JSON.stringify(trace)}`);
  }
}

const core = await startPassCore(1);
const observed = await startPassCore(1, { more: [{ name: 'shadow', path: PASS_MODULE, shadowOf: 'pass' }] });
const [alone, shadowed] = [new Side(core), new Side(observed)];
for (let round = 0; round < ROUNDS; round++) {
  await alone.oneByOne();
  await shadowed.oneByOne();
}
const { totals } = observed.supervisor.shadowReport('shadow');
if (totals.agreed < (ROUNDS * MESSAGES) / 2)
  throw new Error(`the shadow has seen too little: ${JSON.stringify(totals)}`);
for (let round = 0; round < LOADED_ROUNDS; round++) {
  await alone.manyAtATime();
  await shadowed.manyAtATime();
}
tell({
  aloneMicros: median(alone.p50s),
  shadowedMicros: median(shadowed.p50s),
  ratio: ratioOf(shadowed.p50s, alone.p50s),
  aloneP99: alone.times.percentile(0.99),
  shadowedP99: shadowed.times.percentile(0.99),
  aloneRate: median(alone.rates),
  shadowedRate: median(shadowed.rates),
  rateRatio: ratioOf(shadowed.rates, alone.rates),
});
await core.stop();
await observed.stop();

/** The median of what each round has. */
function ratioOf(upper: readonly number[], lower: readonly number[]): number {
  return median(upper.map((value, round) => value / (lower[round] ?? Number.NaN)));
}
