/** One host with a real process, from `Host` down. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { makeConfig } from '../../src/config/make.js';
import type { AbiName, ModuleSpec } from '../../src/config/types.js';
import { readIdentity } from '../../src/file-identity.js';
import { HostFile } from '../../src/supervisor/builds/host-file.js';
import { Host } from '../../src/supervisor/host/host.js';
import type { HostEnd, HostListener } from '../../src/supervisor/host/host-listener.js';
import { LocalRunner } from '../../src/supervisor/runner/local/local-runner.js';
import { makeCall } from './calls.js';
import { makeTempDir } from './temp-dir.js';

/** A host whose module is called `slow`, without anything around it. */
export interface RealHost {
  host: Host;
  ready: Promise<void>;
  died: Promise<HostEnd>;
  /** How many calls it has answered. */
  answers: () => number;
  spared: number[];
  close: () => Promise<void>;
}

export function startHost(path: string, settings: Partial<ModuleSpec> = {}): RealHost {
  const [spec] = makeConfig({ modules: [{ name: 'slow', path }] }).modules;
  const runDir = makeTempDir();
  const runner = new LocalRunner({
    runId: randomBytes(8).toString('hex'),
    runDir,
    stateDir: null,
    boxDir: '/dev/shm',
    blackBoxBytes: 640 * 1024,
    maxMessageBytes: 16 * 1024,
    orphans: null,
    unsafe: null,
  });
  let answered = 0;
  const spared: number[] = [];
  let [isReady, hasDied] = [() => {}, (_: HostEnd) => {}];
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const died = new Promise<HostEnd>((resolve) => {
    hasDied = resolve;
  });
  const nothing = () => undefined;
  const listener: HostListener<Host> = {
    offered: (_, { abis }) => abis[0] as AbiName,
    begun: nothing,
    ready: () => isReady(),
    relieved: nothing,
    printed: nothing,
    dropped: nothing,
    refusedSends: nothing,
    spared: (_, tracer) => spared.push(tracer),
    signalled: nothing,
    leftBehind: nothing,
    answered: () => {
      answered++;
    },
    sent: nothing,
    logged: nothing,
    died: (_, end) => hasDied(end),
  };
  const loadable = { path, source: 'original', build: null, identity: readIdentity(path), problem: null } as const;
  const file = new HostFile(path, null, Promise.resolve(loadable), () => null);
  const around = { runner, maxMessageBytes: 16 * 1024, heartbeatMs: 100, configFile: null, keeper: null };
  const host = new Host(1, { ...(spec as ModuleSpec), ...settings }, file, around, listener);
  return { host, ready, died, answers: () => answered, spared, close: () => runner.close() };
}

/** Gives it a message. */
export function send(host: Host, text = 'a message'): void {
  host.call(makeCall({ message: { payload: Buffer.from(text) } }, Number.MAX_SAFE_INTEGER), performance.now());
}
