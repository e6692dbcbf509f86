/** `gateway_group`: who of the system's users may connect to a core of another user. */

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CoreStatus } from '../../src/supervisor/types.js';
import { collect, main } from '../helpers/command.js';
import { sample } from './core.js';

/** Users and groups that are in no file of the system; only root can become one. */
const CORE = 12_345;
const SERVER = 12_346;
const GROUP = 12_399;
const isRoot = process.getuid?.() === 0;
const canRun = isRoot && [process.execPath, main, sample('filter')].every(isReadable);

let directory: string;
let config: string;
/** The groups of the core's user beside its own. */
let groups: number[];

beforeEach(() => {
  directory = mkdtempSync('/tmp/mm-');
  chmodSync(directory, 0o711);
  if (isRoot) chownSync(directory, CORE, CORE);
  config = join(directory, 'mesibo.conf');
  groups = [GROUP];
});
afterEach(async () => {
  await run('stop');
  rmSync(directory, { recursive: true });
});

const runDir = () => join(directory, 'run');
const gateway = () => join(runDir(), 'gateway.sock');
const permissionsOf = (path: string) => {
  const { mode, gid } = statSync(path);
  return [(mode & 0o7777).toString(8), gid];
};

function become(uid: number, more: readonly number[]): string[] {
  const others = more.length === 0 ? '--clear-groups' : `--groups=${more.join(',')}`;
  return [`--reuid=${uid}`, `--regid=${uid}`, others, '--'];
}

function isReadable(file: string): boolean {
  try {
    execFileSync('setpriv', [...become(CORE, []), 'test', '-r', file]);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command as the user of the core. */
function run(...args: string[]) {
  const words = ['setpriv', ...become(CORE, groups), 'sh', '-c', 'umask 0; exec "$@"', 'sh', process.execPath, main];
  const env = { MESIBO_RUN_DIR: runDir(), MESIBO_STATE_DIR: join(directory, 'state'), NO_COLOR: '1' };
  const [program = '', ...rest] = [...words, ...args];
  return collect(spawn(program, rest, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

function start(settings: string) {
  writeFileSync(config, `${settings}\nmodule filter { path = ${sample('filter')} }\n`);
  return run('start', '--daemon', '--config', config);
}

const status = async () => JSON.parse((await run('status', '--json')).stdout) as CoreStatus;

/** What another user gets after connecting and saying hello: the beginning of the first line, or the error of the system. */
async function enter(path: string, ...more: number[]): Promise<string> {
  const script = `
    const socket = require('node:net').connect(${JSON.stringify(path)}, () => {
      socket.write('{"hello":{"version_min":1,"version_max":1,"server":"chat"}}\\n');
    });
    socket.once('data', (data) => { process.stdout.write(data.toString().slice(0, 10)); socket.destroy(); });
    socket.once('error', ({ code }) => process.stdout.write(code));`;
  const words = [...become(SERVER, more), process.execPath, '-e', script];
  const { stdout } = await collect(spawn('setpriv', words, { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'pipe'] }));
  return stdout;
}

describe.skipIf(!canRun)('a gateway', () => {
  it('without a group is for its own user alone, also with an umask of 0', async () => {
    expect(await start('')).toMatchObject({ code: 0 });
    expect(await enter(gateway(), GROUP)).toBe('EACCES');
    expect(permissionsOf(gateway())).toEqual(['600', CORE]);
    expect((await status()).core).toMatchObject({ gateway: gateway(), gatewayGroup: null });
  });

  it('with a group lets its members in, nobody else, and them to nothing else', async () => {
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(gateway(), GROUP)).toBe('{"welcome"');
    expect(await enter(gateway())).toBe('EACCES');
    expect(await enter(join(runDir(), 'control.sock'), GROUP)).toBe('EACCES');
    expect(permissionsOf(gateway())).toEqual(['660', GROUP]);
    expect(permissionsOf(runDir())).toEqual(['710', GROUP]);
    expect(permissionsOf(join(runDir(), 'control.sock'))).toEqual(['600', CORE]);
    expect(permissionsOf(join(runDir(), 'lock'))).toEqual(['600', CORE]);
    const read = ['cat', join(runDir(), 'lock')];
    expect(() => execFileSync('setpriv', [...become(SERVER, [GROUP]), ...read], { stdio: 'ignore' })).toThrow();
    expect(() => execFileSync('setpriv', [...become(SERVER, [GROUP]), 'ls', runDir()], { stdio: 'ignore' })).toThrow();
    expect((await status()).core).toMatchObject({ gatewayGroup: `${GROUP}`, problems: [] });
    expect((await run('status')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      `no server is connected to ${gateway()}, where the group ${GROUP} may connect`,
    );
  });

  it('lets a group through a run directory that another group had, and takes over the socket of a killed core', async () => {
    mkdirSync(runDir());
    chownSync(runDir(), CORE, 12_398);
    chmodSync(runDir(), 0o750);
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    process.kill((await status()).core.pid, 'SIGKILL');
    await expect.poll(() => enter(gateway(), GROUP), { timeout: 20_000 }).toBe('ECONNREFUSED');
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(gateway(), GROUP)).toBe('{"welcome"');
    expect(permissionsOf(runDir())).toEqual(['710', GROUP]);
  });

  it('leaves a run directory that everybody may pass as it is', async () => {
    mkdirSync(runDir());
    chownSync(runDir(), CORE, CORE);
    chmodSync(runDir(), 0o755);
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(gateway(), GROUP)).toBe('{"welcome"');
    expect(permissionsOf(runDir())).toEqual(['755', CORE]);
  });

  it('lets its group through a run directory that all but this group may pass', async () => {
    mkdirSync(runDir());
    chownSync(runDir(), CORE, GROUP);
    chmodSync(runDir(), 0o701);
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(gateway(), GROUP)).toBe('{"welcome"');
    expect(permissionsOf(runDir())).toEqual(['711', GROUP]);
  });

  it('leaves a run directory as it was when it cannot be given to the group', async () => {
    groups = [];
    mkdirSync(runDir());
    chownSync(runDir(), CORE, CORE);
    chmodSync(runDir(), 0o750);
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 1 });
    expect(permissionsOf(runDir())).toEqual(['750', CORE]);
  });

  it('is made again for its group when the run directory was removed', async () => {
    expect(await start(`gateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    renameSync(runDir(), join(directory, 'away'));
    await expect.poll(() => enter(gateway(), GROUP), { timeout: 60_000 }).toBe('{"welcome"');
    expect(await enter(gateway())).toBe('EACCES');
  }, 90_000);

  it('elsewhere says which folder keeps its group out, for as long as it does', async () => {
    const folder = join(directory, 'closed');
    mkdirSync(folder);
    chownSync(folder, CORE, CORE);
    chmodSync(folder, 0o700);
    const path = join(folder, 'g.sock');
    expect(await start(`gateway = ${path}\ngateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(path, GROUP)).toBe('EACCES');
    const problem = `the group ${GROUP} cannot connect to ${path}, because ${folder} has the mode 0700; let the group pass, for example with chmod o+x, or set "gateway" to a path that it can reach`;
    expect((await status()).core.problems).toEqual([problem]);
    expect((await run('logs')).stdout).toContain(problem);
    // Only the run directory is the core's own.
    expect(permissionsOf(folder)).toEqual(['700', CORE]);
    chmodSync(folder, 0o701);
    expect((await status()).core.problems).toEqual([]);
    expect(await enter(path, GROUP)).toBe('{"welcome"');
    // What others may do is not for the group of the folder.
    chownSync(folder, CORE, GROUP);
    expect(await enter(path, GROUP)).toBe('EACCES');
    expect((await status()).core.problems).toEqual([problem.replace('0700', '0701').replace('o+x', 'g+x')]);
  });

  it('is made in a folder that everybody may write to, and the status warns of that', async () => {
    const folder = join(directory, 'open');
    mkdirSync(folder);
    chownSync(folder, CORE, CORE);
    chmodSync(folder, 0o777);
    const path = join(folder, 'g.sock');
    expect(await start(`gateway = ${path}\ngateway_group = ${GROUP}`)).toMatchObject({ code: 0 });
    expect(await enter(path, GROUP)).toBe('{"welcome"');
    expect(await enter(path)).toBe('EACCES');
    expect((await status()).core.problems).toEqual([expect.stringContaining(`every user may write to ${folder}, `)]);
    chmodSync(folder, 0o1777);
    expect((await status()).core.problems).toEqual([]);
  });

  it.each(['0777', '0600'])(
    'is not made where another user left a socket of the mode %s that only he may remove',
    async (mode) => {
      const folder = join(directory, 'sticky');
      mkdirSync(folder);
      chmodSync(folder, 0o1777);
      const path = join(folder, 'g.sock');
      const script = `
      require('node:net').createServer().listen(${JSON.stringify(path)}, () => {
        require('node:fs').chmodSync(${JSON.stringify(path)}, 0o${mode.slice(1)});
        process.kill(process.pid, 'SIGKILL');
      });`;
      await collect(
        spawn('setpriv', [...become(SERVER, []), process.execPath, '-e', script], {
          cwd: '/',
          env: {},
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
      const { code, stderr } = await start(`gateway = ${path}`);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining(`${path} cannot be made (a socket of another user is there)`),
      ]);
      expect(statSync(path).uid).toBe(SERVER);
    },
  );

  it('does not start for a group that its user is not in, and says what to do; check says it before', async () => {
    groups = [];
    const { code, stderr } = await start(`gateway_group = ${GROUP}`);
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      1,
      expect.stringMatching(
        /cannot be given to the group 12399 \(user 12345 is not a member of it\); make that user a member and start the core again, or set "gateway_group"/,
      ),
    ]);
    expect(readFileSync(join(runDir(), 'lock'), 'utf8')).toBe('');
    const checked = await run('check', '--config', config);
    expect([checked.code, checked.stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringContaining(
        ':1:1: gateway_group: found "12399", and this user is not a member of it; the core starts',
      ),
    ]);
  });

  it('takes another group at its next start, and no unknown one', async () => {
    expect(await start('')).toMatchObject({ code: 0 });
    writeFileSync(config, `gateway_group = ${GROUP}\nmodule filter { path = ${sample('filter')} }\n`);
    expect((await run('reload')).stderr).toContain('needs a restart of the core: gateway_group');
    expect((await status()).core).toMatchObject({
      gatewayGroup: null,
      problems: ['changed, but needs a restart of the core: gateway_group'],
    });
    writeFileSync(config, `gateway_group = no-such-group\nmodule filter { path = ${sample('filter')} }\n`);
    for (const args of [['reload'], ['check', '--config', config]]) {
      const { code, stderr } = await run(...args);
      expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
        1,
        expect.stringMatching(
          /gateway_group: found "no-such-group", which is not a group of this system; make it, for example with groupadd/,
        ),
      ]);
    }
  });
});
