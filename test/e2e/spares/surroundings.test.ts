/** A module cannot tell a process that was a spare from one that was started for it. */

import { readFileSync, rmSync } from 'node:fs';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpareWatch } from '../../helpers/spare-watch.js';
import { fixtureModule, makeTempDir, sample, startCore, type TestCore } from '../core.js';

let core: TestCore;
let spares: SpareWatch;

beforeEach(() => {
  spares = new SpareWatch();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await core.close();
  spares.close();
});

const NAME = 'surroundings';
const module = (options: Partial<ModuleOptions>): ModuleOptions =>
  fixtureModule(NAME, { abi: 'exports-2020', ...options });
/** One with other surroundings, for which the spare is started. */
const other: ModuleOptions = {
  name: 'crashy',
  path: sample('crashy'),
  env: { SECRET_OF_THE_OTHER: 'never seen' },
  umask: 0o077,
};

/** What the module logs about each text. */
async function ask(...texts: string[]): Promise<string[]> {
  const before = core.lines(NAME).length;
  for (const text of texts) await core.send(text);
  await core.until(() => core.lines(NAME).length >= before + texts.length);
  return core.lines(NAME).slice(before);
}

const MARKS = ['MESIBO_LISTEN', 'MESIBO_TOKEN', 'MESIBO_RUN_ID'];
const questions = [
  'names',
  'order',
  'block',
  'directory',
  'umask',
  'core',
  ...['GREETING', 'EMPTY', 'LONG', 'TZ', 'GLIBC_TUNABLES', 'APP_HOME', 'APP_SECRET', 'PWD', 'SECRET_OF_THE_OTHER'].map(
    (name) => `env ${name}`,
  ),
  'shell pwd; echo $GREETING',
  'shell env | cut -d= -f1 | sort | tr "\\n" " "',
  'shell ulimit -a | grep -v lock | tr "\\n" " "',
  'shell date +%Z',
];

describe('a module in a process that was a spare', () => {
  // With how many kinds of processes both modules have.
  it.each([
    ['without settings', {}, 1],
    [
      'with every setting',
      {
        env: { GREETING: 'hällo there', EMPTY: '', LONG: 'x'.repeat(5000), TZ: 'Asia/Tokyo' },
        passEnv: ['APP_HOME'],
        directory: '/usr',
        umask: 0o027,
        coreFiles: 'off',
      },
      2,
    ],
    ['without room for thread-local storage', { staticTlsBytes: 0, env: { GREETING: 'a' } }, 2],
    ['with many variables', { env: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`V${i}`, `${i}`])) }, 2],
  ] as [string, Partial<ModuleOptions>, number][])(
    '%s finds the same as in a process of its own',
    async (_, options, kinds) => {
      vi.stubEnv('APP_SECRET', 'hidden');
      vi.stubEnv('APP_HOME', '/srv/app');
      const directory = makeTempDir();
      const begin = (spareHosts: number) => startCore([other, module({ directory, ...options })], { spareHosts });
      core = await begin(0);
      await core.supervisor.restartModule(NAME);
      const plain = await ask(...questions);
      await core.close();

      core = await begin(1);
      await spares.waitingOf(kinds);
      await core.supervisor.restartModule(NAME);
      const pid = core.module(NAME).hosts[0]?.pid;
      expect(spares.news).toContainEqual({ kind: 'taken', pid, reason: null });
      const spare = await ask(...questions);
      expect(spare).toEqual(plain);
      expect(spare[0]?.split(' ')).toEqual(expect.arrayContaining(MARKS));
      expect(spare[1]).toBe(spare[2]);
      const seen = await ask('vector', 'shell tr "\\0" "\\n" < /proc/$PPID/environ | grep -c SECRET_OF');
      expect(seen).toEqual(['found', '0']);
      rmSync(directory, { recursive: true });
    },
  );
});

describe('modules that cannot share a spare', () => {
  it('have one spare each, as each of them needs it', async () => {
    const make = (name: string, options: Partial<ModuleOptions>) => ({
      ...other,
      name,
      backoff: { minMs: 10, maxMs: 10 },
      ...options,
    });
    core = await startCore([
      make('plain', {}),
      make('same', { env: { A: '1' }, directory: '/' }),
      make('wide', { staticTlsBytes: 8192 }),
      make('linked', { env: { LD_LIBRARY_PATH: '/opt/mine' } }),
    ]);
    expect(core.report.refused).toEqual([]);
    const waiting = await spares.waitingOf(3);
    const environ = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8');
    for (const [name, has] of [
      ['wide', 'optional_static_tls=8192'],
      ['linked', 'LD_LIBRARY_PATH=/opt/mine'],
      ['plain', 'optional_static_tls=4096'],
    ] as const) {
      const meant = waiting.filter(
        (pid) => environ(pid).includes(has) && (name === 'linked' || !environ(pid).includes('/opt/mine')),
      );
      await core.supervisor.restartModule(name);
      expect([core.module(name).hosts[0]?.pid]).toEqual(meant);
    }
    await spares.waitingOf(3);
    await core.supervisor.restartModule('same');
    expect(spares.news.filter(({ kind }) => kind === 'taken')).toHaveLength(4);
  });
});
