/** Many modules start side by side, but no more processes come up at a time than the processors can serve. */

import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { sample, TestCore } from './core.js';

const LIMIT = Math.max(2, 2 * availableParallelism());
/** Longer than a start takes, and shorter than others wait for one that does not come up. */
const SHORT_MS = 8000;
const LONG_MS = 60_000;

let core: TestCore;
let starting: Promise<TestCore>;
/** Processes that were stopped as they began, before they could say anything. */
let held: number[];
/** Whether those that begin are held. */
let holds: boolean;

function begin(startTimeoutMs: number): void {
  const modules = Array.from({ length: LIMIT + 3 }, (_, i) => ({
    name: `m${i}`,
    path: sample('crashy'),
    abi: 'table' as const,
    startTimeoutMs,
  }));
  core = new TestCore({ modules, spareHosts: 0 });
  held = [];
  holds = true;
  core.supervisor.on('lifecycle', (event) => {
    if (event.kind !== 'spawned' || !holds) return;
    process.kill(event.pid, 'SIGSTOP');
    held.push(event.pid);
  });
  starting = core.start();
}
afterEach(async () => {
  await core.supervisor.stop({ now: true });
  await starting.catch(() => undefined);
  await core.close();
});

const spawned = () =>
  core.lives.filter(({ kind }) => kind === 'spawned').map((life) => ('module' in life ? life.module : ''));
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

describe('more modules than may come up at a time', () => {
  it('begin in their order as others are up', async () => {
    begin(LONG_MS);
    await core.until(() => held.length === LIMIT);
    expect(spawned()).toEqual(names(0, LIMIT));
    expect(core.module(`m${LIMIT}`)).toMatchObject({ state: 'starting', pid: null });
    process.kill(held[1] as number, 'SIGCONT');
    await core.until(() => spawned().length === LIMIT + 1);
    expect(spawned().at(-1)).toBe(`m${LIMIT}`);
    holds = false;
    for (const pid of held) process.kill(pid, 'SIGCONT');
    const { report } = await starting;
    expect([report.refused, spawned().length]).toEqual([[], LIMIT + 3]);
  });

  it('have their start time counted from the begin of their process', async () => {
    begin(SHORT_MS);
    await core.until(() => held.length === LIMIT);
    holds = false;
    // Those that are held have had theirs by then, and the others have waited as long.
    const { report } = await starting;
    expect(report.refused.map(({ module }) => module)).toEqual(names(0, LIMIT));
    expect(report.refused.map(({ error }) => error.code)).toEqual(Array(LIMIT).fill('MODULE_START_TIMEOUT'));
    expect(core.module(`m${LIMIT}`).state).toBe('serving');
  });

  it('can be stopped before they have begun, and never begin then', async () => {
    begin(LONG_MS);
    await core.until(() => held.length === LIMIT);
    await core.supervisor.stop({ now: true });
    expect(spawned()).toEqual(names(0, LIMIT));
  });
});
