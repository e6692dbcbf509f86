import { expect, test } from 'vitest';
import { type DirectorySources, resolveDirectories } from '../../src/directories.js';

const user: DirectorySources = { env: {}, uid: 1000, home: '/home/u', tmp: '/tmp' };

test('root uses the directories of the system', () => {
  expect(
    resolveDirectories({ ...user, uid: 0, env: { XDG_RUNTIME_DIR: '/run/user/0', XDG_STATE_HOME: '/x' } }),
  ).toEqual({
    runDir: '/run/mesibo-modules',
    stateDir: '/var/lib/mesibo-modules',
  });
});

test('a user gets the directories of the session', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/1000', XDG_STATE_HOME: '/home/u/state' };
  expect(resolveDirectories({ ...user, env })).toEqual({
    runDir: '/run/user/1000/mesibo-modules',
    stateDir: '/home/u/state/mesibo-modules',
  });
});

test('a user without a session gets a directory of his own, and the default state directory', () => {
  const expected = { runDir: '/tmp/mesibo-modules-1000', stateDir: '/home/u/.local/state/mesibo-modules' };
  expect(resolveDirectories(user)).toEqual(expected);
  expect(resolveDirectories({ ...user, env: { XDG_RUNTIME_DIR: 'relative', XDG_STATE_HOME: '' } })).toEqual(expected);
});

test('with a run directory given, the state is inside it unless it is given too', () => {
  expect(resolveDirectories({ ...user, runDir: '/r' })).toEqual({ runDir: '/r', stateDir: '/r/state' });
  expect(resolveDirectories({ ...user, uid: 0, env: { MESIBO_RUN_DIR: '/r' } }).stateDir).toBe('/r/state');
  expect(resolveDirectories({ ...user, runDir: '/r', env: { MESIBO_STATE_DIR: '/s' } }).stateDir).toBe('/s');
});

test('a flag wins over the environment, which wins over the default', () => {
  const env = { MESIBO_RUN_DIR: '/env-run', MESIBO_STATE_DIR: '/env-state' };
  expect(resolveDirectories({ ...user, env })).toEqual({ runDir: '/env-run', stateDir: '/env-state' });
  const flags = { runDir: '/flag-run', stateDir: '/flag-state' };
  expect(resolveDirectories({ ...user, ...flags, env })).toEqual(flags);
});

test('relative directories are made absolute', () => {
  expect(resolveDirectories({ ...user, runDir: 'r' }).runDir).toBe(`${process.cwd()}/r`);
});

test('without a home the state is in the run directory', () => {
  for (const home of [null, '', 'relative']) {
    expect(resolveDirectories({ ...user, home })).toEqual({
      runDir: '/tmp/mesibo-modules-1000',
      stateDir: '/tmp/mesibo-modules-1000/state',
    });
  }
  expect(resolveDirectories({ ...user, home: null, env: { XDG_STATE_HOME: '/s' } }).stateDir).toBe('/s/mesibo-modules');
});
