/** A minute of load, while every second one of four replicas is killed; and eight replicas that become one, again and again. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from '../core.js';
import { type Answered, defaultOf, findFaults, NumberedLoad, quantile, readEntries } from './numbered-load.js';

const SECONDS = 60;
/** A message is near a death when it was under way then, or came in this time after it. */
const NEAR_MS = 300;

let core: TestCore;
let directory: string;
let journal: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mm-replicas-'));
  journal = join(directory, 'journal');
});
afterEach(async () => {
  await core.close();
  rmSync(directory, { recursive: true });
});

function sequence(replicas: number, wait: string): ModuleOptions {
  const lively = { maxCrashes: null, backoff: { minMs: 10, maxMs: 100 } };
  return fixtureModule('sequence', { ...lively, replicas, window: 8, config: { journal, wait } });
}

const module = () => core.module('sequence');

interface Death {
  pid: number;
  atMs: number;
}

it('one of four is killed every second, and the conversations of the others see nothing', {
  timeout: 240_000,
}, async () => {
  core = await startCore([sequence(4, '500')]);
  const load = new NumberedLoad(core.supervisor, { conversations: 40, ahead: 2, pauseMs: 40 });
  const deaths: Death[] = [];
  for (let i = 0; i < SECONDS; i++) {
    await pause(1000);
    const host = module().hosts.find(({ replica, state }) => replica === i % 4 && state === 'ready');
    if (!host) continue;
    deaths.push({ pid: host.pid, atMs: performance.now() });
    process.kill(host.pid, 'SIGKILL');
  }
  await core.until(() => module().replicas.serving === 4);
  const answered = await load.end();
  const entries = readEntries(journal);
  const killed = new Set(deaths.map(({ pid }) => pid));
  expect(findFaults(answered, entries, killed)).toEqual([]);

  const pidOf = new Map(entries.map(({ conversation, number, pid }) => [`${conversation} ${number}`, pid]));
  const pidOfAnswer = ({ conversation, number }: Answered) => pidOf.get(`${conversation} ${number}`) ?? 0;
  const defaults = answered.filter((answer) => defaultOf(answer) !== null);
  // Of each killed process only what it executed.
  expect(defaults.filter((answer) => defaultOf(answer) !== 'crash' || !killed.has(pidOfAnswer(answer)))).toEqual([]);
  expect(defaults.length).toBeLessThanOrEqual(deaths.length);

  const near: number[] = [];
  const far: number[] = [];
  for (const answer of answered) {
    const { conversation, number, offeredMs, answeredMs } = answer;
    const death = deaths.find(({ atMs }) => answeredMs >= atMs && offeredMs <= atMs + NEAR_MS);
    // Whose conversation it was: what the killed process had, or would have had.
    const isOfDead =
      death &&
      [number, number - 1, number - 2, number - 3, number - 4].some(
        (n) => pidOf.get(`${conversation} ${n}`) === death.pid,
      );
    if (isOfDead) continue;
    (death ? near : far).push(answeredMs - offeredMs);
  }
  const summary = {
    messages: answered.length,
    deaths: deaths.length,
    defaults: defaults.length,
    'others near a death, p50 p99 max (ms)': [0.5, 0.99, 1].map((share) => quantile(near, share).toFixed(1)).join(' '),
    'all far from a death, p50 p99 max (ms)': [0.5, 0.99, 1].map((share) => quantile(far, share).toFixed(1)).join(' '),
  };
  console.log(summary);
  expect(deaths.length).toBeGreaterThan(SECONDS * 0.8);
  expect(near.length).toBeGreaterThan(1000);
  // A conversation that had to wait for the next process would wait for its whole start. That start also takes CPU time from all.
  expect(quantile(near, 0.5)).toBeLessThan(2 * quantile(far, 0.5) + 20);
  expect(quantile(near, 0.99)).toBeLessThan(3 * quantile(far, 0.99) + 500);
});

it('eight become one and eight again, under load', { timeout: 240_000 }, async () => {
  core = await startCore([sequence(8, '100')]);
  const load = new NumberedLoad(core.supervisor, { conversations: 40, ahead: 4 });
  for (let i = 0; i < 10; i++) {
    await load.answers(500);
    await core.supervisor.reload(patientConfig({ modules: [sequence(i % 2 === 0 ? 1 : 8, '100')] }));
    expect(module().replicas).toMatchObject(i % 2 === 0 ? { wanted: 1, serving: 1 } : { wanted: 8, serving: 8 });
  }
  await load.answers(500);
  const answered = await load.end();
  expect(findFaults(answered, readEntries(journal), new Set())).toEqual([]);
  expect(answered.filter((answer) => defaultOf(answer) !== null)).toEqual([]);
  expect(module()).toMatchObject({ restarts: 0, lastError: null, crashes: { total: 0 } });
});
