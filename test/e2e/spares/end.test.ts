/** A spare ends with its core, however that ends, and leaves nothing. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChildCore } from '../../helpers/child-core.js';
import { listMarked } from '../../helpers/processes.js';
import { SpareWatch } from '../../helpers/spare-watch.js';
import { boxesOf, isRunning, makeTempDir, readRunId, sample, TestCore } from '../core.js';

const crashy = { name: 'crashy', path: sample('crashy'), maxCrashes: null, backoff: { minMs: 10, maxMs: 10 } };
const WAIT = { timeout: 30_000 };
const spareBoxes = (runId: string) => boxesOf(runId).filter((name) => name.includes('-+-'));

describe('at the stop of its core', () => {
  let core: TestCore;
  let spares: SpareWatch;
  let runId: string;
  beforeEach(async () => {
    spares = new SpareWatch();
    core = await new TestCore({ modules: [crashy] }).start();
    runId = readRunId(core.runDir);
  });
  afterEach(() => spares.close());

  /** Stops it, and asserts that nothing is left. */
  async function stop(now: boolean): Promise<void> {
    await core.supervisor.stop({ now });
    expect(listMarked('MESIBO_RUN_ID', runId)).toEqual([]);
    await core.close();
  }

  describe.each([false, true])('(at once: %s)', (now) => {
    it('a spare that has just been started is gone', async () => {
      // Most often it cannot be taken yet.
      await expect.poll(() => spareBoxes(runId), { ...WAIT, interval: 1 }).toHaveLength(1);
      await stop(now);
    });

    it('a spare that waits is gone', async () => {
      await spares.one();
      await stop(now);
    });

    it('a spare that hangs is gone', async () => {
      process.kill(await spares.one(), 'SIGSTOP');
      await stop(now);
    });

    it('a spare that is being taken is gone', async () => {
      await spares.one();
      let stopped: Promise<void> | undefined;
      spares.onTaken = () => {
        stopped = core.supervisor.stop({ now });
      };
      void core.send('crash');
      await spares.until(() => stopped !== undefined);
      await stopped;
      await stop(now);
    });
  });
});

it('no spare is started for a core that is stopped at once', async () => {
  const spares = new SpareWatch();
  const core = await new TestCore({ modules: [crashy] }).start();
  // Nothing has had a turn since it was ready.
  await core.supervisor.stop({ now: true });
  await core.close();
  expect(spares.news).toEqual([]);
  spares.close();
});

describe('when its core is killed', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeTempDir();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('a spare dies too, and the next start removes its box without a word', async () => {
    const runDir = join(directory, 'run');
    const boxDir = join(directory, 'boxes');
    mkdirSync(boxDir);
    const start = () => ChildCore.start({ runDir, boxDir, modules: [crashy] });
    const core = await start();
    const runId = readRunId(runDir);
    const boxes = () => readdirSync(boxDir).filter((name) => name.includes(runId));
    await expect.poll(() => boxes().filter((name) => name.includes('-+-')), WAIT).toHaveLength(1);
    const marked = () => listMarked('MESIBO_RUN_ID', runId);
    await expect.poll(marked, WAIT).toHaveLength(2);
    const pids = marked();
    await core.kill();
    await expect.poll(() => pids.filter(isRunning), WAIT).toEqual([]);
    expect(boxes().filter((name) => name.includes('-+-'))).toHaveLength(1);
    const next = await start();
    expect(boxes()).toEqual([]);
    expect(next.logs.filter(({ text }) => text.includes('cannot be read') || text.includes('were found'))).toEqual([]);
    await next.stop();
    expect(existsSync(boxDir) && readdirSync(boxDir)).toEqual([]);
    expect(readdirSync(runDir)).toEqual(['lock']);
  });
});
