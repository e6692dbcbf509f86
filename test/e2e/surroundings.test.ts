import { realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from './core.js';

const cores: TestCore[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const core of cores.splice(0)) await core.close();
});

async function start(options: Partial<ModuleOptions> = {}, file = 'surroundings'): Promise<TestCore> {
  const core = await startCore([fixtureModule(file, { abi: 'exports-2020', ...options })]);
  cores.push(core);
  return core;
}

/** What the module logs about each text. */
async function ask(core: TestCore, ...texts: string[]): Promise<string[]> {
  const before = core.lines('surroundings').length;
  for (const text of texts) await core.send(text);
  await core.until(() => core.lines('surroundings').length >= before + texts.length);
  return core.lines('surroundings').slice(before);
}

describe('the environment of a module', () => {
  it('has the variables that are passed on and set, and none of the secrets of the core', async () => {
    vi.stubEnv('APP_SECRET', 'hidden');
    vi.stubEnv('APP_HOME', '/srv/app');
    vi.stubEnv('TZ', 'Asia/Tokyo');
    const core = await start({ env: { GREETING: 'hello there', TZ: 'UTC' }, passEnv: ['APP_HOME', 'ABSENT'] });
    const asked = ['GREETING', 'TZ', 'APP_HOME', 'APP_SECRET', 'ABSENT', 'PATH'].map((name) => `env ${name}`);
    const path = process.env.PATH as string;
    expect(await ask(core, ...asked)).toEqual(['hello there', 'UTC', '/srv/app', 'unset', 'unset', path]);
  });

  it('is the same for the programs that it starts', async () => {
    const core = await start({ env: { GREETING: 'hello' } });
    expect(await ask(core, 'shell echo $GREETING', 'env GREETING')).toEqual(['hello', 'hello']);
  });

  it('has the GLIBC_TUNABLES of the core, without what the core adds for its own start', async () => {
    vi.stubEnv('GLIBC_TUNABLES', 'glibc.malloc.arena_max=2');
    const asked = ['env GLIBC_TUNABLES', 'shell echo "$GLIBC_TUNABLES"', 'shell env | grep -c GIVEN_TUNABLES'];
    expect(await ask(await start(), ...asked)).toEqual(['glibc.malloc.arena_max=2', 'glibc.malloc.arena_max=2', '0']);
    vi.stubEnv('GLIBC_TUNABLES', undefined);
    expect(await ask(await start(), ...asked)).toEqual(['unset', '', '0']);
  });
});

describe('the working directory', () => {
  it('is one of its own, where files stay over a restart', async () => {
    const core = await start();
    const [first, written] = await ask(core, 'directory', 'write kept');
    expect([first, written]).toEqual([realpathSync(join(core.runDir, 'work/surroundings')), 'written']);
    await core.supervisor.restartModule('surroundings');
    expect(await ask(core, 'shell ls')).toEqual(['kept']);
    rmSync(join(core.runDir, 'work/surroundings/kept'));
  });

  it('is the one that is configured', async () => {
    const core = await start({ directory: '/usr' });
    expect(await ask(core, 'directory')).toEqual(['/usr']);
  });

  it('that is not there refuses the start and the reload, with the remedy beside the message', async () => {
    const directory = '/tmp/mesibo-modules-absent/for-good';
    const refusal = {
      code: 'DIRECTORY_UNUSABLE',
      module: 'surroundings',
      what: expect.stringMatching(new RegExp(`^module surroundings: the working directory ${directory}`)),
      remedy: { parts: [expect.stringMatching(/^make it, or set "directory" to another/)] },
    };
    const refused = await start({ directory });
    expect(refused.report.refused[0]?.error).toMatchObject(refusal);
    const core = await start();
    const options = fixtureModule('surroundings', { abi: 'exports-2020', directory });
    const reload = core.supervisor.reload(patientConfig({ modules: [options] }));
    await expect(reload).rejects.toMatchObject({ code: 'RELOAD_FAILED', failures: [refusal] });
  });
});

describe('the umask', () => {
  it('is the one that is configured, also for files', async () => {
    const core = await start({ umask: 0o027 });
    expect(await ask(core, 'umask', 'write new')).toEqual(['027', 'written']);
    const file = join(core.runDir, 'work/surroundings/new');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    rmSync(file);
  });

  it('is that of the core when none is configured', async () => {
    const own = process.umask().toString(8).padStart(3, '0');
    expect(await ask(await start(), 'umask')).toEqual([own]);
  });
});

describe('core files', () => {
  it.each([
    ['off', /^0 /],
    ['on', /^(\S+) \1$/],
  ] as const)('are %s', async (coreFiles, limits) => {
    const core = await start({ coreFiles });
    const [line = ''] = await ask(core, 'core');
    expect(line).toMatch(limits);
    const without = line.endsWith(' 0');
    const told = core
      .lines('surroundings', 'supervisor')
      .some((text) => text.includes('core_files = on has no effect'));
    expect(told).toBe(coreFiles === 'on' && without);
  });
});

describe('room for thread-local storage', () => {
  it('is enough for 1,700 bytes', async () => {
    const core = await start({}, 'static-tls');
    expect(core.report.refused).toEqual([]);
    await core.send('aaa');
    await core.until(() => core.lines('static_tls').length > 0);
    expect(core.lines('static_tls')).toEqual([String(7 + 3 * 97)]);
  });
});
