/** The world with supervision: the generic modules, each in a host of its own, in chains of any order. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeConfig } from '../../../src/config/make.js';
import { Quarantine } from '../../../src/quarantine/quarantine.js';
import { BuildStore } from '../../../src/supervisor/builds/store.js';
import type { CallAnswer } from '../../../src/supervisor/calls/pending-call.js';
import { acquireRunDir, type RunDir } from '../../../src/supervisor/directories/run-dir.js';
import type { Host } from '../../../src/supervisor/host/host.js';
import type { HostListener } from '../../../src/supervisor/host/host-listener.js';
import { Module, type ModuleSurroundings } from '../../../src/supervisor/module/module.js';
import type { ModuleEvents } from '../../../src/supervisor/news/module-news.js';
import { LocalRunner } from '../../../src/supervisor/runner/local/local-runner.js';
import { AbiMemory } from '../../../src/supervisor/trials/abi-memory.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import { SCALARS, toLong, type WireParams } from '../../../src/wire/params.js';
import { type ChainOutcome, conversation, runChain, taker } from '../../helpers/calls.js';
import { fixture } from '../core.js';
import {
  chainOf,
  MODULES,
  makePayload,
  modulesOf,
  type Occurrence,
  RULES_TYPE,
  refidOf,
  type Scenario,
} from './scenario.js';
import { Deeds, type PlainParams, transcribe } from './transcript.js';

/** Longer than any wait here: outcomes are compared, and no default may take the place of one. */
const PATIENCE_MS = 60_000;
const MAX_MESSAGE_BYTES = 64 * 1024;

/** A module whose hosts are listened to directly: their sends and log lines are taken before they are made readable. */
class HeardModule extends Module {
  deeds = new Deeds();

  protected override listen(listener: HostListener<Host>): HostListener<Host> {
    return {
      ...listener,
      sent: (_, { params, payload }) => {
        this.deeds.sent(this.name, plain(params ?? {}), payload ?? new Uint8Array(0));
      },
      logged: (_, { level, text }) => this.deeds.logged(this.name, level ?? 0, text ?? new Uint8Array(0)),
    };
  }
}

/** A host for each place. */
export class Hosts {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mm-'));
  readonly #modules: HeardModule[] = [];
  readonly #runDir: RunDir;
  /** What the supervisor had to say beside what was asked for. */
  readonly remarks: string[] = [];

  private constructor() {
    this.#runDir = acquireRunDir(join(this.#directory, 'run'));
  }

  /** Starts them all; returns when each is ready. */
  static async start(): Promise<Hosts> {
    const hosts = new Hosts();
    const options = { hangMs: null, startTimeoutMs: PATIENCE_MS, deadlineMs: PATIENCE_MS, logRate: null, queue: 65536 };
    const { modules, ...config } = makeConfig({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      chainDeadlineMs: PATIENCE_MS,
      modules: MODULES.map(({ name, abi }) => {
        const path = fixture(`generic-${abi}`);
        return { name, path, abi: abi === 'table' ? abi : (`exports-${abi}` as const), ...options };
      }),
    });
    for (const spec of modules) hosts.#add(spec, config);
    const refusals = await Promise.all(hosts.#modules.map((module) => module.start()));
    const refused = refusals.find((error) => error !== null);
    if (refused) throw refused;
    return hosts;
  }

  /** The results of each event of a scenario; all are in progress at once. */
  async play(scenario: Scenario): Promise<string[][]> {
    const deeds = new Deeds();
    const used = modulesOf(scenario).map((place) => ({ place, module: this.#modules[place] as HeardModule }));
    for (const { module } of used) module.deeds = deeds;
    await Promise.all(used.map(({ place, module }) => tellRules(module, scenario.rules[place] ?? [])));
    const lines = await Promise.all(scenario.events.map((event, i) => this.#send(scenario, event, i, deeds)));
    if (deeds.strays.length > 0) throw new Error(`of no event: ${deeds.strays.join('\n')}`);
    return lines;
  }

  /** Ends them all. */
  async close(): Promise<void> {
    await Promise.all(this.#modules.map((module) => module.stop()));
    this.#runDir.release();
    rmSync(this.#directory, { recursive: true });
  }

  async #send(scenario: Scenario, event: Occurrence, index: number, deeds: Deeds): Promise<string[]> {
    const members = chainOf(scenario, event).map((place) => this.#modules[place] as HeardModule);
    const params = wire(event, index);
    const isMessage = event.function === 'message';
    const journey = {
      event: isMessage ? CallEvent.wireMessage(params, makePayload(event.payload)) : CallEvent.status(params),
      conversation: conversation(''),
      endMs: performance.now() + PATIENCE_MS,
    };
    const outcome = await new Promise<ChainOutcome>((done) => runChain(members, journey, done));
    const trace = outcome.trace.map((entry) => `${entry.module} ${entry.default ?? entry.verdict}`);
    const after = plain(outcome.event.params);
    const payload = isMessage ? outcome.event.payload : null;
    return transcribe({ by: outcome.by, trace, params: after, payload }, deeds.of(index));
  }

  #add(spec: Module['spec'], config: Omit<ReturnType<typeof makeConfig>, 'modules'>): void {
    const around: ModuleSurroundings = {
      ...config,
      configFile: config.file,
      runner: new LocalRunner({
        ...config,
        runId: this.#runDir.runId,
        runDir: this.#runDir.path,
        stateDir: null,
        boxDir: '/dev/shm',
        orphans: null,
        unsafe: null,
      }),
      keeper: null,
      runId: this.#runDir.runId,
      abis: new AbiMemory(null),
      quarantine: new Quarantine({ stateDir: null, buildOf: () => null, warn: () => undefined }),
      builds: new BuildStore(join(this.#runDir.path, 'builds'), () => []),
    };
    const events: ModuleEvents = {
      message: () => null,
      lifecycle: () => undefined,
      died: () => undefined,
      wentBack: () => undefined,
      log: ({ level, text }) => {
        // Several modules of one file cannot each have the name of its init.
        if (level < 2 && !text.includes('which is used')) this.remarks.push(text);
      },
    };
    this.#modules.push(new HeardModule(spec, around, events));
  }
}

async function tellRules(module: HeardModule, rules: string[]): Promise<void> {
  const event = CallEvent.wireMessage({ type: toLong('type', RULES_TYPE) }, Buffer.from(rules.join('\n')));
  const nowMs = performance.now();
  const answer = await new Promise<CallAnswer>((done) =>
    module.offer(event, nowMs + PATIENCE_MS, nowMs, conversation('rules'), taker(done)),
  );
  if (answer.default !== null) throw new Error(`module ${module.name} did not take its rules: ${answer.default}`);
}

function wire(event: Occurrence, index: number): WireParams {
  const params: WireParams = { refid: toLong('refid', refidOf(event, index)) };
  for (const name of SCALARS) {
    const value = name === 'refid' ? undefined : event.scalars[name];
    if (value !== undefined) params[name] = toLong(name, value);
  }
  if (event.to) params.to = event.to;
  if (event.from) params.from = event.from;
  return params;
}

function plain(params: WireParams): PlainParams {
  return {
    scalars: SCALARS.map((name) => params[name]?.toString() ?? '0'),
    to: params.to ?? null,
    from: params.from ?? null,
  };
}
