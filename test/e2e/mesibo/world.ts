/** Generic modules in a core, behind the bridge in the reference loader. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions } from '../../../src/config/make.js';
import { Core } from '../../../src/core/core.js';
import { fixture, makeTempDir, patientConfig } from '../core.js';
import { bytesOf, endOf, eventLine, paramsOf } from '../equivalence/one-process.js';
import { MODULES, RULES_TYPE, type Scenario } from '../equivalence/scenario.js';
import { Deeds, transcribe } from '../equivalence/transcript.js';
import { type BridgeAbi, BridgedLoader, bridgeSettings } from './bridge.js';
import { orderOf } from './one-chain.js';

const EMPTY = new Uint8Array(0);
const PATIENCE_MS = 20_000;

/** The core and the loader. */
export class BridgedWorld {
  readonly #directory = makeTempDir();
  readonly core: Core;
  readonly loader: BridgedLoader;

  private constructor(core: Core, directory: string, loader: BridgedLoader) {
    this.core = core;
    this.#directory = directory;
    this.loader = loader;
  }

  static async start(abi: BridgeAbi): Promise<BridgedWorld> {
    const directory = makeTempDir();
    const core = new Core(configOf(MODULES.map((_, place) => place)), {
      runDir: join(directory, 'run'),
      stateDir: join(directory, 'state'),
    });
    const { refused } = await core.start();
    if (refused[0]) throw refused[0].error;
    const loader = new BridgedLoader(abi, directory, bridgeSettings(join(directory, 'run/gateway.sock')));
    return new BridgedWorld(core, directory, loader);
  }

  /**
   * What comes of each event of a scenario.
   *
   * @param sends how many messages are sent in it
   */
  async play(scenario: Scenario, sends: number): Promise<string[][]> {
    const { loader } = this;
    await this.core.reload(configOf(orderOf(scenario)));
    await Promise.all(MODULES.map((_, place) => loader.ask(ruleLine(scenario, place))));
    loader.sent.length = 0;
    const told = await Promise.all(scenario.events.map((event, i) => loader.ask(eventLine(event, i, [0]))));
    await this.#awaitSends(sends);
    const deeds = new Deeds();
    for (const send of loader.sent) deeds.sent('bridge', paramsOf(send), bytesOf(send.payload) ?? EMPTY);
    return told.map((outcome, i) => transcribe(endOf(outcome), deeds.of(i)));
  }

  /** Callbacks until all of them went out. What does not come in time is missing in what is compared. */
  async #awaitSends(sends: number): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    await this.loader.callUntil(() => this.loader.sent.length >= sends || performance.now() > endMs);
  }

  async close(): Promise<void> {
    expect0(await this.loader.close());
    await this.core.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function expect0(code: number | null): void {
  if (code !== 0) throw new Error(`the loader ended with ${code}`);
}

/** The modules at these places, in this order. */
export function genericModules(order: readonly number[]): ModuleOptions[] {
  return order.map((place) => {
    const { name, abi } = MODULES[place] as (typeof MODULES)[number];
    return { name, path: fixture(`generic-${abi}`), abi: abi === 'table' ? abi : `exports-${abi}`, logRate: null };
  });
}

function configOf(order: readonly number[]) {
  return patientConfig({ modules: genericModules(order) });
}

function ruleLine({ rules }: Scenario, place: number): string {
  const name = MODULES[place]?.name ?? '';
  const text = Buffer.from((rules[place] ?? []).join('\n')).toString('hex');
  return `message type=${RULES_TYPE} to=${Buffer.from(name).toString('hex')} payload=${text}\n`;
}
