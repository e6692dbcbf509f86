import { describe, expect, it } from 'vitest';
import {
  fillersFor,
  type Launch,
  profileOf,
} from '../../../../../../src/supervisor/runner/local/spares/launch-profile.js';

const launch = (changes: Partial<Launch> = {}): Launch => ({
  environment: { PATH: '/bin', LANG: 'C' },
  directory: '/srv/a',
  inherited: 'umask 022',
  preloads: false,
  ...changes,
});
const keyOf = (changes: Partial<Launch> = {}) => profileOf(launch(changes))?.key;
const withVariables = (more: Record<string, string>) => ({ environment: { PATH: '/bin', LANG: 'C', ...more } });

describe('the profile of a start', () => {
  it('does not depend on settings that a host can get later', () => {
    expect(keyOf({ directory: '/elsewhere' })).toBe(keyOf());
    expect(keyOf(withVariables({ HTTPS_PROXY: 'http://proxy', SECRET: 'x' }))).toBe(keyOf());
    expect(keyOf({ environment: { LANG: 'C' } })).toBe(keyOf());
  });

  it.each([
    ['the linker', 'LD_LIBRARY_PATH', '/opt/lib'],
    ['the linker', 'LD_BIND_NOW', '1'],
    ['the C library', 'GLIBC_TUNABLES', 'glibc.rtld.optional_static_tls=8192'],
    ['the C library', 'MALLOC_ARENA_MAX', '2'],
    ['the C library', 'LOCPATH', '/l'],
    ['the C library', 'LC_ALL', 'de_DE.UTF-8'],
    ['the C library', 'TZ', 'Asia/Tokyo'],
    ['the checkers of compilers', 'ASAN_OPTIONS', 'a=1'],
    ['the checkers of compilers', 'TSAN_OPTIONS', 'a=1'],
    ['Node', 'NODE_ICU_DATA', '/i'],
    ['libuv', 'UV_THREADPOOL_SIZE', '1'],
    ['OpenSSL', 'SSL_CERT_FILE', '/c'],
  ])('differs by variables that %s reads at the start: %s', (_, name, value) => {
    expect(keyOf(withVariables({ [name]: value }))).not.toBe(keyOf());
    expect(profileOf(launch(withVariables({ [name]: value })))?.environment).toEqual({ LANG: 'C', [name]: value });
  });

  it('differs when this process hands on something else', () => {
    expect(keyOf({ inherited: 'umask 077' })).not.toBe(keyOf());
  });

  it.each([
    { ...launch(), environment: { LD_PRELOAD: '/l.so', A: '1' } },
    { ...launch(), environment: { LD_AUDIT: '/l.so', A: '1' } },
    { ...launch(), environment: { NODE_OPTIONS: '--require ./x.cjs', A: '1' } },
    { ...launch(), environment: { OPENSSL_CONF: 'x.cnf', A: '1' } },
    { ...launch(), environment: { A: '1' }, preloads: true },
  ])('has all variables and the directory where code is loaded first: %j', (launch) => {
    const profile = profileOf(launch);
    expect(profile).toMatchObject({ environment: launch.environment, directory: '/srv/a' });
    expect(profileOf({ ...launch, environment: { ...launch.environment, A: '2' } })?.key).not.toBe(profile?.key);
    expect(profileOf({ ...launch, directory: '/srv/b' })?.key).not.toBe(profile?.key);
  });

  it.each([
    ['/a:/b', null],
    ['lib', '/srv/a'],
    ['/a:lib', '/srv/a'],
    ['/a::/b', '/srv/a'],
    ['/a:', '/srv/a'],
    ['$ORIGIN/lib', '/srv/a'],
  ])('has the directory where a path is relative: LD_LIBRARY_PATH=%s', (paths, directory) => {
    expect(profileOf(launch({ environment: { LD_LIBRARY_PATH: paths } }))?.directory).toBe(directory);
  });

  it('has room for the environment, mostly of the same size, and is missing for a too large environment', () => {
    const few = profileOf(launch());
    const more = profileOf(
      launch(withVariables(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`A${i}`, ''])))),
    );
    const many = profileOf(
      launch(withVariables(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`A${i}`, ''])))),
    );
    expect([few?.room, more?.room, many?.room]).toEqual([
      { variables: 64, bytes: 8192 },
      { variables: 64, bytes: 8192 },
      { variables: 256, bytes: 8192 },
    ]);
    expect(few?.key).toBe(more?.key);
    expect(few?.key).not.toBe(many?.key);
    expect(profileOf(launch(withVariables({ A: 'x'.repeat(10_000) })))?.room.bytes).toBe(16_384);
    expect(profileOf(launch(withVariables({ A: 'x'.repeat(1024 ** 2) })))).toBeNull();
  });
});

describe('the variables that make room', () => {
  it.each([
    { variables: 64, bytes: 8192 },
    { variables: 1024, bytes: 512 * 1024 },
  ])('have as much as %j, and none is longer than the system takes', (room) => {
    const fillers = Object.entries(fillersFor(room));
    const bytes = fillers.reduce((sum, [name, value]) => sum + name.length + value.length + 2, 0);
    expect(fillers.length).toBeGreaterThan(room.variables + 50);
    expect(bytes).toBeGreaterThan(room.bytes);
    expect(Math.max(...fillers.map(([, value]) => value.length))).toBeLessThan(128 * 1024);
    expect(fillers.every(([name]) => name.startsWith('MESIBO_ROOM'))).toBe(true);
  });
});
