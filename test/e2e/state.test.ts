/** What cannot be written to the state directory stops no order, and is said until it can be written. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { fixtureModule, makeTempDir, sample, TestCore } from './core.js';

/** A folder in the place of a file is as good as a full disk: whoever runs the tests, nothing can be written. */
const block = (stateDir: string, file = 'stopped.json') => mkdirSync(join(stateDir, file));
const unblock = (stateDir: string, file = 'stopped.json') => rmdirSync(join(stateDir, file));

describe('a supervisor', () => {
  let core: TestCore;
  afterEach(() => core.close());

  it('makes its state directory, and carries out orders that it cannot write down', async () => {
    const stateDir = join(makeTempDir(), 'of', 'state');
    core = await new TestCore({ modules: [fixtureModule('silent-2020')] }, {}, { stateDir }).start();
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(existsSync(join(stateDir, 'logs'))).toBe(false);
    block(stateDir);
    const warning = expect.stringMatching(/will not know which modules are stopped: .*stopped\.json cannot be written/);
    expect(await core.supervisor.stopModule('silent_2020')).toEqual({ warnings: [warning] });
    expect(core.module('silent_2020').state).toBe('stopped');
    expect(await core.supervisor.startModule('silent_2020')).toEqual({ warnings: [warning] });
    expect(core.module('silent_2020').state).toBe('serving');
    expect(core.supervisor.status().core.problems).toEqual([warning]);
    unblock(stateDir);
    expect(await core.supervisor.stopModule('silent_2020')).toEqual({ warnings: [] });
    expect(core.supervisor.status().core.problems).toEqual([]);
    expect(JSON.parse(readFileSync(join(stateDir, 'stopped.json'), 'utf8')).modules).toEqual(['silent_2020']);
  });

  it('says that it cannot keep the ABI that it found for a file', async () => {
    const stateDir = makeTempDir();
    block(stateDir, 'abis.json');
    core = await new TestCore({ modules: [fixtureModule('unchecked-2020')] }, {}, { stateDir }).start();
    expect(core.module('unchecked_2020').state).toBe('serving');
    expect(core.supervisor.status().core.problems).toEqual([expect.stringMatching(/abis\.json cannot be written/)]);
  });
});

describe('the commands', () => {
  const dir = makeTempDir();
  const stateDir = join(dir, 'run', 'state');
  const config = join(dir, 'mesibo.conf');
  const cli = new CommandLine(dir);
  const RIGHT = `module filter { path = ${sample('filter')} }\n`;
  beforeAll(async () => {
    expect(await cli.start(RIGHT)).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await cli.run('stop');
  });

  it('carry out a start and a stop, and warn; status is bad until it can be written', async () => {
    block(stateDir);
    for (const order of ['stop', 'start']) {
      const { code, stderr } = await cli.run(order, 'filter');
      expect([order, code, stderr]).toEqual([order, 0, expect.stringContaining('stopped.json cannot be written')]);
    }
    const bad = await cli.run('status');
    expect(bad).toMatchObject({ code: 1, stdout: expect.stringMatching(/filter +serving/) });
    expect(bad.stdout).toContain('stopped.json cannot be written');
    unblock(stateDir);
    expect(await cli.run('stop', 'filter')).toMatchObject({ code: 0 });
    expect(await cli.run('start', 'filter')).toMatchObject({ code: 0 });
    expect(await cli.run('status')).toMatchObject({ code: 0 });
  });

  it('do not report an order with an unknown name as a failed reload', async () => {
    expect(await cli.run('reload', 'filtr')).toMatchObject({ code: 1, stderr: expect.stringContaining('filter?') });
    expect(await cli.run('status')).toMatchObject({ code: 0 });
    writeFileSync(config, `${RIGHT}nonsense\n`);
    expect(await cli.run('reload', 'filtr')).toMatchObject({ code: 1, stderr: expect.stringContaining(':2:') });
    expect(await cli.run('status')).toMatchObject({ code: 1 });
    writeFileSync(config, RIGHT);
    expect(await cli.run('reload', 'filtr')).toMatchObject({ code: 1 });
    expect(await cli.run('status')).toMatchObject({ code: 1 });
    expect(await cli.run('reload')).toMatchObject({ code: 0 });
    expect(await cli.run('status')).toMatchObject({ code: 0 });
  });

  it('keep the problem of a failed reload, as long as later reloads are for other modules', async () => {
    const other = (path: string) => `${RIGHT}module other { path = ${path} }\n`;
    writeFileSync(config, other(join(dir, 'nowhere.so')));
    expect(await cli.run('reload')).toMatchObject({ code: 1 });
    expect(await cli.run('reload', 'filter')).toMatchObject({ code: 0 });
    expect(await cli.run('status')).toMatchObject({ code: 1 });
    writeFileSync(config, RIGHT);
    expect(await cli.run('reload', 'filter')).toMatchObject({ code: 0 });
    expect(await cli.run('status')).toMatchObject({ code: 0 });
  });
});
