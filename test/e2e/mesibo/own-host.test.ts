import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { Core } from '../../../src/core/core.js';
import type { DoorOutcome } from '../../../src/supervisor/types/doors.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import { SCALARS, toLong, type WireParams } from '../../../src/wire/params.js';
import { makeTempDir, patientConfig, startCore, type TestCore } from '../core.js';
import { scenarios } from '../equivalence/arbitraries.js';
import { MODULES, makePayload, type Occurrence, RULES_TYPE, refidOf, type Scenario } from '../equivalence/scenario.js';
import { BRIDGE_ABIS, type BridgeAbi, bridgeFile, bridgeSettings, settingsFile } from './bridge.js';
import { behindBridge } from './one-chain.js';
import { genericModules } from './world.js';

const RUNS = process.env.MESIBO_TEST_FULL === '1' ? 50 : 3;
const SEED = Number(process.env.MESIBO_TEST_SEED ?? Date.now() & 0x7fff_ffff);
/** All of them, in the order of their names. */
const PLACES = MODULES.map((_, place) => place);

it.each(BRIDGE_ABIS)(
  'a host of ours with the bridge (%s) has the same outcomes as hosts with the modules',
  async (abi) => {
    const { bridged, direct } = await startBoth(abi);
    let number = 0;
    async function compare(random: Scenario): Promise<void> {
      const scenario = behindBridge(random, abi, number++);
      const [left, right] = await Promise.all([play(direct, scenario, abi), play(bridged, scenario, abi)]);
      expect(right).toEqual(left);
    }
    await fc.assert(fc.asyncProperty(scenarios(40), compare), { seed: SEED, numRuns: RUNS, endOnFailure: true });
    expect(bridged.lines('bridge')).toEqual([]);
  },
  600_000,
);

/** A core of modules; and one with the bridge, with a core of the same modules behind it. */
async function startBoth(abi: BridgeAbi): Promise<{ direct: TestCore; bridged: TestCore }> {
  const directory = makeTempDir();
  const behind = new Core(patientConfig({ modules: genericModules(PLACES) }), {
    runDir: join(directory, 'run'),
    stateDir: join(directory, 'state'),
  });
  const { refused } = await behind.start();
  if (refused[0]) throw refused[0].error;
  const settings = bridgeSettings(join(directory, 'run/gateway.sock'));
  const variables = settingsFile(directory, settings);
  const bridged = await startCore([
    { name: 'bridge', path: bridgeFile(abi), abi, config: abi === 'table' ? {} : settings, env: variables },
  ]);
  const direct = await startCore(genericModules(PLACES));
  onTestFinished(async () => {
    await Promise.all([direct.close(), bridged.close()]);
    await behind.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  expect([bridged.report.refused, direct.report.refused]).toEqual([[], []]);
  return { direct, bridged };
}

/** What comes of the rules and the events, a line each. */
async function play(core: TestCore, scenario: Scenario, abi: BridgeAbi): Promise<string[]> {
  const rules = PLACES.map((place) => {
    const to = Buffer.from(MODULES[place]?.name ?? '');
    const text = Buffer.from((scenario.rules[place] ?? []).filter((rule) => !/ (send|post) /.test(rule)).join('\n'));
    return CallEvent.wireMessage({ to, type: toLong('type', RULES_TYPE) }, text);
  });
  const events = scenario.events.map((event, i) => {
    const params = wireOf(event, i);
    return event.function === 'status'
      ? CallEvent.status(params)
      : CallEvent.wireMessage(params, makePayload(event.payload));
  });
  await Promise.all(rules.map((event) => ask(core, event)));
  const outcomes = await Promise.all(events.map((event) => ask(core, event)));
  return outcomes.map(({ verdict, event }, i) => {
    expect(event.kind).toBe(scenario.events[i]?.function);
    const payload = event.kind === 'message' ? event.payload.toString() : '';
    return JSON.stringify([
      verdict,
      payload,
      SCALARS.map((name) => scalar(event.params, name, abi)),
      ...addresses(event),
    ]);
  });
}

function ask(core: TestCore, event: CallEvent): Promise<DoorOutcome> {
  return new Promise((told) => core.supervisor.submit(event, null, { told }));
}

function wireOf(event: Occurrence, index: number): WireParams {
  const params: WireParams = { refid: toLong('refid', refidOf(event, index)) };
  for (const name of SCALARS) {
    const value = name === 'refid' ? undefined : event.scalars[name];
    if (value !== undefined) params[name] = toLong(name, value);
  }
  if (event.to) params.to = event.to;
  if (event.from) params.from = event.from;
  return params;
}

/** As far as a server of the ABI sees it. */
function scalar(params: WireParams, name: (typeof SCALARS)[number], abi: BridgeAbi): string {
  const value = BigInt(params[name]?.toString() ?? 0);
  if (abi === 'exports-2020') return `${value}`;
  if (name === 'uflags') return `${value & 1n}`;
  return ['status', 'sid', 'device'].includes(name) ? '-' : `${value}`;
}

function addresses({ params }: CallEvent): (string | null)[] {
  return [params.to, params.from].map((address) => (address ? Buffer.from(address).toString('latin1') : null));
}
