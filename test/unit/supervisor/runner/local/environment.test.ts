import { expect, it } from 'vitest';
import {
  ALWAYS_PASSED,
  type EnvironmentSettings,
  type HostMarks,
  marksOf,
  moduleEnvironment,
  startEnvironment,
} from '../../../../../src/supervisor/runner/local/environment.js';

/** As a host is started with it. */
function hostEnvironment(settings: EnvironmentSettings, marks: HostMarks, core: Record<string, string | undefined>) {
  return { ...startEnvironment(moduleEnvironment(settings, core), settings.staticTlsBytes), ...marksOf(marks) };
}

const marks = { path: '/e', token: 't', runId: 'r' };
const ours = { MESIBO_LISTEN: '/e', MESIBO_TOKEN: 't', MESIBO_RUN_ID: 'r' };
const plain = { env: [], passEnv: [], staticTlsBytes: 0 } satisfies EnvironmentSettings;

it('passes on variables that are not secret, and no others', () => {
  const core = { PATH: '/bin', LC_TIME: 'C', LC: 'x', DATABASE_PASSWORD: 'secret', NODE_OPTIONS: '--inspect', TZ: '' };
  expect(hostEnvironment(plain, marks, core)).toEqual({ ...ours, PATH: '/bin', LC_TIME: 'C', TZ: '' });
});

it('has no pattern for everything, and none that matches secrets', () => {
  expect(ALWAYS_PASSED.filter((name) => /^\*|KEY|SECRET|PASS|PROXY/i.test(name))).toEqual([]);
});

it('passes on the requested variables, by name and by pattern, but never the marks of another core', () => {
  const core = { APP_A: '1', APP_B: '2', OTHER: '3', MESIBO_TOKEN: 'outer', MESIBO_RUN_ID: 'outer' };
  const passed = (passEnv: string[]) => hostEnvironment({ ...plain, passEnv }, marks, core);
  expect(passed(['APP_*'])).toEqual({ ...ours, APP_A: '1', APP_B: '2' });
  expect(passed(['OTHER', 'ABSENT'])).toEqual({ ...ours, OTHER: '3' });
  expect(passed(['*'])).toEqual({ ...ours, APP_A: '1', APP_B: '2', OTHER: '3' });
});

it('sets the configured variables, the last of each name, over those that are passed on', () => {
  const env: [string, string][] = [
    ['TZ', 'UTC'],
    ['A', '1'],
    ['A', ''],
  ];
  expect(hostEnvironment({ ...plain, env }, marks, { TZ: 'Asia/Tokyo' })).toEqual({ ...ours, TZ: 'UTC', A: '' });
});

it.each([
  [undefined, 'glibc.rtld.optional_static_tls=4096', ''],
  ['glibc.malloc.check=3', 'glibc.malloc.check=3:glibc.rtld.optional_static_tls=4096', 'glibc.malloc.check=3'],
  ['glibc.rtld.optional_static_tls=1', 'glibc.rtld.optional_static_tls=1', undefined],
])('makes room for thread-local storage beside the tunables %j, and keeps those', (given, tunables, kept) => {
  const made = hostEnvironment({ ...plain, staticTlsBytes: 4096 }, marks, { GLIBC_TUNABLES: given });
  expect([made.GLIBC_TUNABLES, made.MESIBO_GIVEN_TUNABLES]).toEqual([tunables, kept]);
});

it('takes the certificates of the core under a name that Node does not read', () => {
  const made = hostEnvironment(plain, marks, { NODE_EXTRA_CA_CERTS: '/ca.pem' });
  expect(made).toEqual({ ...ours, MESIBO_EXTRA_CA_CERTS: '/ca.pem' });
});
