import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenarios } from '../equivalence/arbitraries.js';
import { OneProcess } from '../equivalence/one-process.js';
import type { Scenario } from '../equivalence/scenario.js';
import { BRIDGE_ABIS } from './bridge.js';
import { behindBridge, findOther, plainly } from './one-chain.js';
import { BridgedWorld } from './world.js';

const FULL = process.env.MESIBO_TEST_FULL === '1';
/** The seed of a run to repeat; fast-check prints the seed of a run that failed. */
const SEED = Number(process.env.MESIBO_TEST_SEED ?? Date.now() & 0x7fff_ffff);
const WANTED = FULL ? { runs: 100, events: 250, timeoutMs: 30 * 60_000 } : { runs: 8, events: 60, timeoutMs: 180_000 };

describe.each(BRIDGE_ABIS)('a server of the ABI %s', (abi) => {
  let direct: OneProcess;
  let world: BridgedWorld;
  beforeAll(async () => {
    direct = new OneProcess();
    world = await BridgedWorld.start(abi);
  });
  afterAll(async () => {
    await Promise.all([direct.close(), world.close()]);
  });

  it(
    'sees the same of modules behind the bridge as when it loads them itself',
    async () => {
      let events = 0;
      let sends = 0;
      let number = 0;
      async function compare(random: Scenario): Promise<void> {
        const scenario = behindBridge(random, abi, number++);
        const expected = (await direct.play(scenario)).map((lines) => plainly(lines, abi));
        const sent = expected.reduce((sum, { sends }) => sum + sends.length, 0);
        const bridged = (await world.play(scenario, sent)).map((lines) => plainly(lines, abi));
        const other = findOther(expected, bridged, scenario);
        if (other !== null) throw new Error([other, ...world.loader.logged].join('\n'));
        events += scenario.events.length;
        sends += sent;
      }
      // No shrinking: each of its steps would wait for a send that is lost.
      await fc.assert(fc.asyncProperty(scenarios(WANTED.events), compare), {
        seed: SEED,
        numRuns: WANTED.runs,
        endOnFailure: true,
      });
      expect(events).toBeGreaterThan(WANTED.runs * 10);
      expect(sends).toBeGreaterThan(0);
      // Each of them was decided by the modules.
      expect(world.loader.logged).toEqual([]);
    },
    WANTED.timeoutMs,
  );
});
