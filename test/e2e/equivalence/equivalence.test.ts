import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenarios } from './arbitraries.js';
import { Hosts } from './hosts.js';
import { OneProcess } from './one-process.js';
import { chainOf, type Scenario } from './scenario.js';
import { findDifference } from './transcript.js';

const FULL = process.env.MESIBO_TEST_FULL === '1';
/** The seed of a run to repeat; fast-check prints the seed of a run that failed. */
const SEED = Number(process.env.MESIBO_TEST_SEED ?? Date.now() & 0x7fff_ffff);

const WANTED = FULL
  ? { messages: 1_000_000, chains: 5_000, events: 1000, timeoutMs: 60 * 60 * 1000 }
  : { messages: 10_000, chains: 200, events: 250, timeoutMs: 120_000 };
/** Scenarios drawn from one seed. */
const ROUND = 20;

let hosts: Hosts;
let oneProcess: OneProcess;

beforeAll(async () => {
  oneProcess = new OneProcess();
  hosts = await Hosts.start();
});
afterAll(async () => {
  await Promise.all([hosts.close(), oneProcess.close()]);
});

describe('modules of all ABIs in random chains', () => {
  it(
    'do in hosts what they do in one process, event by event',
    async () => {
      const chains = new Set<string>();
      let messages = 0;
      async function compare(scenario: Scenario): Promise<void> {
        const [reference, supervised] = await Promise.all([oneProcess.play(scenario), hosts.play(scenario)]);
        const sent = scenario.events.filter((event) => event.function === 'message');
        messages += sent.length;
        // By what its modules do, too: another scenario has other rules for them.
        for (const event of sent)
          chains.add(JSON.stringify(chainOf(scenario, event).map((place) => [place, scenario.rules[place]])));
        const difference = findDifference(reference, supervised, scenario);
        if (difference !== null) throw new Error(difference);
      }
      const property = fc.asyncProperty(scenarios(WANTED.events), compare);
      for (let round = 0; messages < WANTED.messages || chains.size < WANTED.chains; round++) {
        await fc.assert(property, { seed: SEED + round, numRuns: ROUND });
      }
      expect(hosts.remarks).toEqual([]);
    },
    WANTED.timeoutMs,
  );
});
