/** The memory of the core under many messages and restarts: after the first ones it must not grow. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Supervisor } from 'mesibo-modules';
import { LIMITS, makeCore, startAll, until } from './core.js';
import { Killer } from './killer.js';
import { runLoad } from './load.js';
import { makeMessage, senderOf } from './message.js';
import { planKills } from './plan.js';

/** How much, and from which seed. */
export interface MemoryOptions {
  messages: number;
  restarts: number;
  seed: number;
}

/** The memory of the core's process at one moment, with no message in flight. */
export interface Sample {
  messages: number;
  restarts: number;
  rssBytes: number;
  heapBytes: number;
  /** Buffers and what C++ objects hold. */
  externalBytes: number;
  descriptors: number;
}

const TENTHS = 10;
const CONCURRENCY = 64;
const LOST_AFTER_MS = 30_000;
/** Until then the core compiles, and its heap takes the size that it keeps. */
const WARM_UP_MESSAGES = 100_000;
/** By how much it may grow after that. */
const GROWTH_SHARE = 0.1;
/** Garbage is collected until this many rounds in a row gave no memory back. */
const IDLE_ROUNDS = 3;
const ROUND_MS = 50;

/**
 * Runs the load and measures after each tenth of it.
 *
 * @param measured is given each sample as it is taken
 * @throws {Error} when the core cannot be started, or Node runs without `--expose-gc`
 */
export async function runMemory(options: MemoryOptions, measured: (sample: Sample) => void): Promise<Sample[]> {
  const { messages, restarts, seed } = options;
  const directory = mkdtempSync(join(tmpdir(), 'mm-soak-'));
  const core = makeCore(directory, () => null);
  const killer = new Killer(core, planKills(seed, messages, restarts, ['SIGKILL', 'SIGSEGV']));
  const samples: Sample[] = [];
  const offer = async (number: number): Promise<void> => {
    const { payload, refid } = makeMessage(seed, number, null, 0);
    const answer = core.onMessage({ id: number, refid, from: senderOf(number), to: 'somebody' }, payload);
    killer.offered(number);
    await answer;
  };
  try {
    await startAll(core);
    for (let tenth = 1; tenth <= TENTHS; tenth++) {
      const first = Math.floor((messages * (tenth - 1)) / TENTHS) + 1;
      const last = Math.floor((messages * tenth) / TENTHS);
      await runLoad({
        first,
        last,
        concurrency: CONCURRENCY,
        patienceMs: LIMITS.chainDeadlineMs + LOST_AFTER_MS,
        offer,
      });
      await killer.settled();
      await until(core, () => allServe(core), AbortSignal.timeout(LIMITS.chainDeadlineMs + LOST_AFTER_MS));
      const sample = await takeSample(core, last);
      samples.push(sample);
      measured(sample);
    }
  } finally {
    await killer.stop();
    await core.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  return samples;
}

/** What is wrong with the samples, in words; `null`: nothing. */
export function findGrowth(samples: Sample[]): string | null {
  const first = samples.find(({ messages }) => messages >= WARM_UP_MESSAGES);
  const last = samples.at(-1);
  if (!first || !last || first === last) return `nothing to compare: more than ${WARM_UP_MESSAGES} messages are needed`;
  for (const [name, before, after] of [
    ['resident memory', first.rssBytes, last.rssBytes],
    ['open descriptors', first.descriptors, last.descriptors],
  ] as const) {
    const share = (after - before) / before;
    if (share > GROWTH_SHARE) return `${name} grew by ${(100 * share).toFixed(1)}% after ${first.messages} messages`;
  }
  return null;
}

/** The names of what {@link formatSample} shows. */
export const SAMPLE_HEADING = columns(['messages', 'restarts', 'RSS MiB', 'heap MiB', 'external MiB', 'descriptors']);

/** A sample as a line of the table. */
export function formatSample({ messages, restarts, rssBytes, heapBytes, externalBytes, descriptors }: Sample): string {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  return columns([messages, restarts, ...[rssBytes, heapBytes, externalBytes].map(mebibytes), descriptors]);
}

function columns(cells: (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(13)).join('');
}

function allServe(core: Supervisor): boolean {
  return core.status().modules.every(({ state }) => state === 'serving');
}

async function takeSample(core: Supervisor, messages: number): Promise<Sample> {
  await collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    messages,
    restarts: core.status().modules.reduce((sum, module) => sum + module.restarts, 0),
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** V8 gives memory back on other threads, some time after it has found it free. */
async function collectGarbage(): Promise<void> {
  if (!global.gc) throw new Error('memory can be measured with node --expose-gc only');
  let lowest = Number.POSITIVE_INFINITY;
  for (let idle = 0; idle < IDLE_ROUNDS; ) {
    global.gc();
    await pause(ROUND_MS);
    const rss = process.memoryUsage.rss();
    idle = rss < lowest ? 0 : idle + 1;
    lowest = Math.min(lowest, rss);
  }
}
