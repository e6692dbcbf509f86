import { describe, expect, it } from 'vitest';
import { optionsToReach } from '../../../../cli/input/core-options.js';
import type { GlobalOptions } from '../../../../cli/input/options.js';
import { createProgram } from '../../../../cli/program.js';
import { addOptions, holdCommands } from '../../../../cli/text/paste.js';
import { resolveDirectories } from '../../../../src/directories.js';

describe('the options that reach the same core', () => {
  const user = { uid: 1000, home: '/home/u', tmp: '/tmp' };
  const reach = (given: GlobalOptions, env: Record<string, string> = {}) =>
    optionsToReach(given, (options) => resolveDirectories({ ...options, env, ...user }));

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

describe('commands in a sentence', () => {
  const options = ' --run-dir /r';

  it('get the options, each of them, and once', () => {
    const text = 'see: mesibo-modules logs m; then: mesibo-modules reset m';
    const added = 'see: mesibo-modules --run-dir /r logs m; then: mesibo-modules --run-dir /r reset m';
    expect([addOptions(text, options), addOptions(added, options), addOptions(text, '')]).toEqual([added, added, text]);
  });

  it('are those of every verb that goes to a core, and nothing else', () => {
    const others = ['try', 'check', 'run', 'completion', 'demo', 'help'];
    for (const { name } of createProgram().commands.map((verb) => ({ name: verb.name() }))) {
      const command = `mesibo-modules ${name}`;
      expect(addOptions(command, options) !== command, name).toBe(!others.includes(name));
    }
    for (const text of ['mesibo-modules 0.1.0 serves /r', 'mesibo-modules start-up', 'mesibo-modules: start it']) {
      expect(addOptions(text, options)).toBe(text);
    }
  });

  it('are held together up to their end', () => {
    const held = (text: string) => holdCommands(text).replaceAll('\u0001', '_').replaceAll('\u0002', '+');
    expect(held("see: mesibo-modules --run-dir '/a b' logs m, or end it: kill -KILL 7; more")).toBe(
      "see: mesibo-modules_--run-dir_'/a+b'_logs_m, or end it: kill_-KILL_7; more",
    );
    expect(held('it stays so (until: mesibo-modules start a b) and so on')).toBe(
      'it stays so (until: mesibo-modules_start_a_b) and so on',
    );
  });
});
