/**
 * How long a module's crash keeps it from messages, by a core that keeps crash cards. REPEATS: how often; the medians count. Modules
 * with debug information and without take turns, so that what slows one down slows down the other. Each crash is the first of its
 * core, which has looked up no function before.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Core, makeConfig } from 'mesibo-modules';
import { median } from '../../figures/statistics.js';
import { NAMED_MODULE, PASS_MODULE } from '../../paths.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';

/** A crash follows a time of calm, in which the core may prepare for it. */
const CALM_MS = 1000;

const [repeats = 5] = process.argv.slice(2).map(Number);
let messages = 0;
const plain: Times[] = [];
const named: Times[] = [];
for (let i = 0; i < repeats; i++) {
  plain.push(await measure(PASS_MODULE));
  named.push(await measure(NAMED_MODULE));
}
const medianOf = (all: Times[], key: keyof Times) => median(all.map((times) => times[key]));
const [toVerdict, toVerdictNamed] = [medianOf(plain, 'toVerdict'), medianOf(named, 'toVerdict')];
tell({ toDefault: medianOf(plain, 'toDefault'), toVerdict, toVerdictNamed, ratio: toVerdictNamed / toVerdict });
process.exit(0);

interface Times {
  toDefault: number;
  toVerdict: number;
}

async function measure(path: string): Promise<Times> {
  const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
  const module = { name: 'pass', path, abi: 'exports-2020', deadlineMs: 60_000, startTimeoutMs: 60_000 } as const;
  const places = { runDir: join(directory, 'run'), stateDir: join(directory, 'state') };
  const core = new Core(makeConfig({ chainDeadlineMs: 600_000, modules: [module] }), places);
  const { refused } = await core.start();
  if (refused[0]) throw refused[0].error;
  await send(core, makePayload(100), null);
  await sleep(CALM_MS);
  const began = performance.now();
  await send(core, Buffer.from('crash'), 'crash');
  const told = performance.now();
  await send(core, makePayload(100), null);
  const times = { toDefault: told - began, toVerdict: performance.now() - told };
  await core.stop();
  rmSync(directory, { recursive: true, force: true });
  return times;
}

async function send(core: Core, payload: Buffer, expected: string | null): Promise<void> {
  // A message with the id of the one that killed is withheld.
  const { trace } = await core.onMessage({ ...PARAMS, id: ++messages }, payload);
  if (trace[0]?.default !== expected) throw new Error(`expected ${expected}, found ${JSON.stringify(trace)}`);
}
