/** A core that is newer than the command: what both know must still be shown, and nothing may crash. */

import { EventEmitter } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ControlledCore, ControlServer } from '../../src/control/server.js';
import { SupervisorError } from '../../src/errors.js';
import { flockExclusive } from '../../src/libc.js';
import type { CoreStatus, ModuleDescription, ModuleStatus, SentMessage } from '../../src/supervisor/types.js';
import { CommandLine } from '../helpers/command.js';
import { sample, startCore, type TestCore } from './core.js';

/** A module with a state, a cause and a setting that only the newer version knows. */
function later(module: ModuleStatus): object {
  return {
    ...module,
    state: 'hibernating',
    desired: 'asleep',
    abiSource: 'guess',
    hosts: module.hosts.map((host) => ({ ...host, state: 'dreaming', cpu: 3 })),
    crashes: { ...module.crashes, total: 2, byCause: { ...module.crashes.byCause, moon: 2 } },
    mood: { level: 9 },
  };
}

/** A real core, seen as a newer one would be. */
class NewerCore extends EventEmitter<{ message: [SentMessage] }> implements ControlledCore {
  readonly #core: TestCore;

  constructor(core: TestCore) {
    super();
    this.#core = core;
  }

  status(): CoreStatus {
    const { core, modules } = this.#core.supervisor.status();
    const status = { core: { ...core, version: '9.0.0', region: 'eu' }, modules: modules.map(later), clusters: [] };
    return status as unknown as CoreStatus;
  }

  async onMessage(): Promise<never> {
    throw new SupervisorError('QUOTA_EXCEEDED' as 'ILLEGAL_STATE', 'the quota of today is used up');
  }

  async reload(): Promise<never> {
    const nothing = { replaced: [], added: [], removed: [], configured: [], unchanged: ['filter'], left: [] };
    const report = { ...nothing, stopped: [], settings: [], needRestart: [], warnings: [], migrated: ['filter'] };
    return report as unknown as never;
  }

  planReload(): Promise<never> {
    return this.reload();
  }

  async order(): Promise<never> {
    throw new SupervisorError('QUOTA_EXCEEDED' as 'ILLEGAL_STATE', 'the quota of today is used up');
  }

  shadow(): never {
    throw new SupervisorError('QUOTA_EXCEEDED' as 'ILLEGAL_STATE', 'the quota of today is used up');
  }

  async promote(): Promise<never> {
    throw new SupervisorError('QUOTA_EXCEEDED' as 'ILLEGAL_STATE', 'the quota of today is used up');
  }

  quarantine(): never {
    throw new SupervisorError('QUOTA_EXCEEDED' as 'ILLEGAL_STATE', 'the quota of today is used up');
  }

  describe(name: string): ModuleDescription {
    const description = this.#core.supervisor.describeModule(name);
    const setting = { key: 'warp', value: '9', hidden: false, origin: 'the stars' };
    return { ...later(description), settings: [...description.settings, setting] } as unknown as ModuleDescription;
  }
}

let core: TestCore;
let server: ControlServer;
let command: CommandLine;
let lock: number;

beforeAll(async () => {
  core = await startCore([{ name: 'filter', path: sample('filter') }]);
  command = new CommandLine(core.directory);
  lock = openSync(join(core.runDir, 'lock'), 'r');
  const newer = new NewerCore(core);
  const warn = (text: string) => expect.unreachable(text);
  server = await ControlServer.open({
    runDir: core.runDir,
    core: newer,
    maxMessageBytes: 1024,
    requestStop() {},
    warn,
  });
});
afterAll(async () => {
  await server.close();
  closeSync(lock);
  await core.close();
});

it('is one that holds its directory', () => {
  expect(flockExclusive(lock)).toBe(false);
});

it.each<[string[], number, RegExp, RegExp]>([
  [['status'], 1, /filter +hibernating/, /^$/],
  [['status', '--json'], 1, /"region": ?"eu"/, /^$/],
  [['list'], 0, /filter +hibernating/, /^$/],
  [['list', '--json'], 0, /"state": ?"hibernating"/, /^$/],
  [['describe', 'filter'], 0, /hibernating[\s\S]*warp/, /^$/],
  [['describe', 'filter', '--json'], 0, /"mood"/, /^$/],
  [['reload'], 0, /^$/, /reloaded/],
  [['reload', '--json'], 0, /"migrated"/, /^$/],
  [['restart', 'filter'], 1, /^$/, /the quota of today is used up/],
  [['reset', 'filter'], 1, /^$/, /the quota of today is used up/],
  [['start', 'filter'], 1, /^$/, /the quota of today is used up/],
  [['stop', 'filter'], 1, /^$/, /the quota of today is used up/],
  [['send', '--from', 'a', '--to', 'b', 'hello'], 1, /^$/, /the quota of today is used up/],
  [['completion', 'names'], 0, /^filter\n$/, /^$/],
])('%j', async (args, code, stdout, stderr) => {
  const run = await command.run(...args);
  expect(run.stderr).toMatch(stderr);
  expect(run.stdout).toMatch(stdout);
  expect(run.code).toBe(code);
  expect(run.stdout + run.stderr).not.toMatch(/undefined|NaN|\[object|unexpected|TypeError/);
});
