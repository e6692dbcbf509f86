import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, main } from '../helpers/command.js';
import { sample } from './core.js';

/** A user who is in no file of the system; only root can become one. */
const UID = 12_345;
const isRoot = process.getuid?.() === 0;
const become = isRoot ? ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--'] : [];
const canRead = isRoot ? reads(sample('filter')) && reads(main) && reads(process.execPath) : true;

let directory: string;
let config: string;
let env: Record<string, string>;

beforeEach(() => {
  directory = mkdtempSync('/tmp/mm-');
  if (isRoot) chownSync(directory, UID, UID);
  config = join(directory, 'mesibo.conf');
  writeFileSync(config, `module filter { path = ${sample('filter')} ; blocked_words = darn }\n`);
  // No HOME, no PATH, no TMPDIR: the directories are all that is given.
  env = { MESIBO_RUN_DIR: join(directory, 'run'), MESIBO_STATE_DIR: join(directory, 'state') };
});
afterEach(async () => {
  await run(['stop']);
  rmSync(directory, { recursive: true });
});

function reads(file: string): boolean {
  try {
    execFileSync('setpriv', [...become.slice(1), 'test', '-r', file]);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command through the shell, with redirections, in a session that has no terminal. */
async function run(args: string[], redirections = '', how: { cwd?: string; env?: Record<string, string> } = {}) {
  const words = [...become, '/bin/sh', '-c', `exec "$@" ${redirections}`, 'sh', process.execPath, main, ...args];
  const child = spawn(words[0] as string, words.slice(1), {
    ...{ cwd: how.cwd ?? '/', env: { ...env, ...how.env }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return collect(child);
}

describe.skipIf(!canRead)('for a user without an entry, a home and a terminal', () => {
  it('everything works', async () => {
    for (const [args, code, says] of [
      [['status'], 3, /no core serves/],
      [['check', '--config', config], 0, /filter: ok/],
      [['try', sample('filter'), 'hello'], 0, /= pass/],
      [['start', '--daemon', '--config', config], 0, /1 of 1 modules are ready/],
      [['status'], 0, /serving/],
      [['send', '--from', 'a', '--to', 'b', '--wait', '0', 'hello'], 0, /pass/],
      [['reload'], 0, /./],
      [['logs', 'filter'], 0, /ready in/],
      [['describe', 'filter'], 0, /blocked_words/],
      [['completion', 'bash'], 0, /mesibo-modules/],
      [['stop'], 0, /has stopped/],
    ] as [string[], number, RegExp][]) {
      const { code: ended, stdout, stderr } = await run(args);
      expect([args[0], ended, stderr.includes('unexpected'), stdout + stderr]).toEqual([
        ...[args[0], code, false],
        expect.stringMatching(says),
      ]);
    }
  }, 180_000);

  it('a core starts with the descriptors 0 to 2 closed, and gives no host a socket of its own for one', async () => {
    expect((await run(['start', '--daemon', '--config', config], '<&- >&- 2>&-')).code).toBe(0);
    expect((await run(['status'], '<&- >&- 2>&-')).code).toBe(0);
    const { core, modules } = JSON.parse((await run(['status', '--json'])).stdout);
    expect(readlinkSync(`/proc/${core.pid}/fd/0`)).toBe('/dev/null');
    expect(readlinkSync(`/proc/${core.pid}/fd/1`)).toBe('/dev/null');
    expect(modules[0].state).toBe('serving');
    expect((await run(['stop'], '<&- >&- 2>&-')).code).toBe(0);
  });

  it('when the current directory was removed, commands that need none work, and the others say why they do not', async () => {
    const gone = join(directory, 'gone');
    const shell = async (args: string) => {
      mkdirSync(gone, { recursive: true });
      if (isRoot) chownSync(gone, UID, UID);
      const words = [...become, '/bin/sh', '-c', `cd ${gone}; rmdir ${gone}; exec ${process.execPath} ${main} ${args}`];
      const child = spawn(words[0] as string, words.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.stdout.resume();
      const [code] = await once(child, 'close');
      return { code, stderr };
    };
    expect(await shell(`start --daemon --config ${config}`)).toEqual({ code: 0, stderr: '' });
    expect(await shell('status')).toEqual({ code: 0, stderr: '' });
    const why = /^mesibo-modules: the current directory was removed; change to another one/;
    expect(await shell('check --config mesibo.conf')).toEqual({ code: 1, stderr: expect.stringMatching(why) });
    expect((await shell('stop')).code).toBe(0);
  });

  it('when no temporary directory can be made, a try says so', async () => {
    const { code, stderr } = await run(['try', sample('filter'), 'x'], '', { env: { TMPDIR: '/nonexistent' } });
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([1, expect.stringMatching(/set TMPDIR to a directory/)]);
    expect((await run(['start', '--daemon', '--config', config], '', { env: { TMPDIR: '/nonexistent' } })).code).toBe(
      0,
    );
  });
});
