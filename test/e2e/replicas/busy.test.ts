/** Conversations that always have a message under way: they share the work of all replicas again after each change. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from '../core.js';
import { defaultOf, findFaults, NumberedLoad, readEntries } from './numbered-load.js';

let core: TestCore;
let directory: string;
let journal: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mm-busy-'));
  journal = join(directory, 'journal');
});
afterEach(async () => {
  await core.close();
  rmSync(directory, { recursive: true });
});

/** It waits for 5 ms with each message. */
function sequence(replicas: number, sticky: boolean): ModuleOptions {
  const lively = { maxCrashes: null, backoff: { minMs: 10, maxMs: 100 } };
  return fixtureModule('sequence', { ...lively, replicas, sticky, config: { journal, wait: '5000' } });
}

/** Processes that worked on the last messages. */
const latest = () =>
  new Set(
    readEntries(journal)
      .slice(-400)
      .map(({ pid }) => pid),
  ).size;

it.each([true, false])(
  'after three of four replicas were killed (sticky: %s)',
  { timeout: 240_000 },
  async (sticky) => {
    core = await startCore([sequence(4, sticky)]);
    const load = new NumberedLoad(core.supervisor, { conversations: 20, ahead: 5 });
    await load.answers(500);
    const killed = new Set(core.module('sequence').hosts.flatMap(({ pid, replica }) => (replica === 0 ? [] : [pid])));
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await core.until(() => core.module('sequence').replicas.serving === 4 && core.module('sequence').restarts === 3);
    await load.answers(1000);
    const answered = await load.end();
    expect(latest()).toBe(4);
    expect(findFaults(answered, readEntries(journal), killed)).toEqual([]);
    expect(answered.filter((answer) => defaultOf(answer) !== null).length).toBeLessThanOrEqual(3);
  },
);

it.each([true, false])('after a reload from one replica to four (sticky: %s)', { timeout: 240_000 }, async (sticky) => {
  core = await startCore([sequence(1, sticky)]);
  const load = new NumberedLoad(core.supervisor, { conversations: 20, ahead: 5 });
  await load.answers(200);
  await core.supervisor.reload(patientConfig({ modules: [sequence(4, sticky)] }));
  await load.answers(1000);
  const answered = await load.end();
  expect(latest()).toBe(4);
  expect(findFaults(answered, readEntries(journal), new Set())).toEqual([]);
  expect(answered.filter((answer) => defaultOf(answer) !== null)).toEqual([]);
});
