import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { BY_LINE, DOCUMENTS } from '../../cli/json/schemas.js';
import { createProgram } from '../../cli/program.js';
import { CommandLine } from '../helpers/command.js';
import { card, keptCall, writeCalls, writeCards } from '../helpers/crash-cards.js';
import { fixture, makeTempDir, sample } from './core.js';

const CRASH = 'crashy-20261130T130102Z-3';
let command: CommandLine;
let config: string;

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  config = join(command.directory, 'mesibo.conf');
  const samples = ['filter', 'autoreply', 'crashy'].map(
    (name) => `module ${name} { path = ${sample(name)} ; word = x }\n`,
  );
  await command.start(
    `deadlin = 3s\n${samples.join('')}module missing { path = missing.so }\nmodule filter2 { path = ${sample('filter')} ; shadow_of = filter ; word = y }\n`,
  );
  writeCards(join(command.directory, 'run/state'), [
    card({ id: CRASH, module: 'crashy', file: sample('crashy'), sha256: null }),
  ]);
  writeCalls(join(command.directory, 'run/state'), CRASH, [keptCall('crash', { from: null, to: null })]);
  // Something of everything: verdicts, a send, a crash.
  for (const text of ['hello', 'crash']) await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', text);
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

const RUNS: Record<keyof typeof DOCUMENTS, () => string[][]> = {
  status: () => [[]],
  list: () => [[]],
  describe: () => [['filter'], ['crashy'], ['missing']],
  quarantine: () => [[], ['list', '--module', 'crashy'], ['show', 'crashy'], ['release', '--all']],
  reload: () => [['filter'], ['--dry-run']],
  check: () => [['--config', config]],
  logs: () => [[], ['crashy']],
  crashes: () => [
    [],
    ['list', '--all', '--module', 'crashy'],
    ['show', CRASH],
    ['show', CRASH, '--body'],
    ['replay', CRASH],
  ],
  shadow: () => [['filter2']],
  promote: () => [['filter2']],
  send: () => [
    ['--from', 'alice', '--to', 'bob', 'hello'],
    ['--from', '\u00e9', '--to', 'bob', '--id', '18446744073709551615', 'crash'],
  ],
  try: () => [
    [sample('crashy'), 'crash'],
    [sample('autoreply'), 'hello'],
    [fixture('writes-stdout'), 'x'],
  ],
};

it.each(Object.keys(DOCUMENTS) as (keyof typeof DOCUMENTS)[])(
  '%s --json prints only a document of its schema',
  async (verb) => {
    const schemas: readonly z.ZodType[] = DOCUMENTS[verb];
    const seen = new Set<z.ZodType>();
    for (const args of RUNS[verb]()) {
      const { stdout } = await command.run(verb, '--json', ...args);
      const lines = stdout.trimEnd().split('\n');
      if (!BY_LINE.has(verb)) expect(lines).toHaveLength(1);
      for (const line of lines) {
        const document = JSON.parse(line);
        const fitting = schemas.find((schema) => schema.safeParse(document).success);
        // When nothing fits, the first schema says what is wrong.
        if (!fitting) schemas[0]?.parse(document);
        seen.add(fitting as z.ZodType);
      }
    }
    expect(seen.size).toBe(schemas.length);
  },
);

it('every verb with --json has a schema', () => {
  const verbs = createProgram().commands.filter(({ options }) => options.some(({ long }) => long === '--json'));
  // What `run --in-process` prints is for the eyes of authors.
  expect(
    verbs
      .map((verb) => verb.name())
      .filter((name) => name !== 'run')
      .sort(),
  ).toEqual(Object.keys(DOCUMENTS).sort());
});
