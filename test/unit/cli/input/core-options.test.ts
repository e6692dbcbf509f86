import { describe, expect, it } from 'vitest';
import { optionsToReach } from '../../../../cli/input/core-options.js';
import type { GlobalOptions } from '../../../../cli/input/options.js';
import { resolveDirectories } from '../../../../src/directories.js';
import { quoteWord } from '../../../../src/sentence.js';

describe('the options that reach the same core', () => {
  const user = { uid: 1000, home: '/home/u', tmp: '/tmp' };
  const reach = (given: GlobalOptions, env: Record<string, string> = {}) =>
    optionsToReach(given, (options) => resolveDirectories({ ...options, env, ...user }))
      .map((word) => ` ${quoteWord(word)}`)
      .join('');

  it.each<[string, GlobalOptions, Record<string, string>, string]>([
    ['are none for the default', {}, {}, ''],
    ['are none for what the environment says', { runDir: '/r' }, { MESIBO_RUN_DIR: '/r' }, ''],
    ['are none where the environment alone decides', {}, { MESIBO_RUN_DIR: '/r', MESIBO_STATE_DIR: '/s' }, ''],
    ['name the run directory', { runDir: '/r' }, {}, ' --run-dir /r'],
    ['name another one than the environment', { runDir: '/r' }, { MESIBO_RUN_DIR: '/q' }, ' --run-dir /r'],
    ['leave out a state directory that follows', { runDir: '/r', stateDir: '/r/state' }, {}, ' --run-dir /r'],
    ['name the state directory alone', { stateDir: '/s' }, {}, ' --state-dir /s'],
    ['name both', { runDir: '/r', stateDir: '/s' }, {}, ' --run-dir /r --state-dir /s'],
    ['are quoted where a shell needs it', { runDir: "/a b/it's" }, {}, " --run-dir '/a b/it'\\''s'"],
    ['are absolute', { runDir: '/r/../q' }, {}, ' --run-dir /q'],
  ])('%s', (_, given, env, options) => {
    expect(reach(given, env)).toBe(options);
  });
});
