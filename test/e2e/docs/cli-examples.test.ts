/** The examples of docs/cli.md, in their order, with the exit codes that it names. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { readPage } from '../../helpers/doc-blocks.js';
import { Clone } from './clone.js';

/** The first cells of the table below a heading. */
function cellsOf(heading: string): string[] {
  const [, table = ''] =
    new RegExp(`^## ${heading}\\n\\n.*\\n.*\\n((\\|.*\\n)+)`, 'm').exec(readPage('docs/cli.md')) ?? [];
  return table.split('\n').flatMap((row) => /^\| `(.+?)` \|/.exec(row)?.[1] ?? []);
}

/** What each prints. */
const PRINTS: Record<string, RegExp> = {
  try: /= consumed/,
  check: /module filter: ok/,
  start: /^the core with pid \d+ serves, 1 of 1 modules are ready; to look at it: mesibo-modules status\n$/,
  // The second time it is drawn anew.
  'status --watch': /(filter +serving[\s\S]*){2}/,
  reload: /^$/,
  'logs filter -f': /starting -> serving/,
  // On stderr it says that nothing has crashed.
  'crashes show last': /^$/,
  stop: /^$/,
};
/** Those that go on until they are interrupted, and how they end then. */
const ENDLESS: Record<string, [code: number | null, signal: string | null]> = {
  'status --watch': [0, null],
  'logs filter -f': [null, 'SIGINT'],
};

/** Those that have nothing to show here. */
const EMPTY = ['crashes show last'];

it('docs/cli.md: each example works', async () => {
  const clone = new Clone();
  clone.sh('cp modules/build/module_filter.so .');
  clone.write('mesibo.conf', 'module filter { path = module_filter.so }\n');
  const said = Object.entries(PRINTS);
  try {
    const examples = cellsOf('Examples');
    expect(examples).toHaveLength(said.length);
    for (const [at, example] of examples.entries()) {
      const [verb, prints] = said[at] as [string, RegExp];
      expect(example).toContain(`mesibo-modules ${verb}`);
      if (ENDLESS[verb]) expect(await interrupt(clone, example, prints), example).toEqual(ENDLESS[verb]);
      else
        expect(clone.sh(example), example).toMatchObject({
          status: EMPTY.includes(verb) ? 1 : 0,
          stdout: expect.stringMatching(prints),
        });
    }
  } finally {
    clone.close();
  }
});

it('docs/cli.md: each exit code has the meaning of the page', () => {
  const clone = new Clone();
  const codes: Record<string, string> = { 0: 'list --help', 1: 'check --config none', 2: 'list --unknown', 3: 'list' };
  // Those by signals: terminal.test.ts.
  expect(cellsOf('Exit codes')).toEqual([...Object.keys(codes), '130, 143']);
  for (const [code, command] of Object.entries(codes))
    expect(clone.sh(`mesibo-modules ${command}`), command).toMatchObject({ status: Number(code) });
});

/** Reads what a command prints until that is there, and interrupts it; returns how it ended. */
async function interrupt({ root, env }: Clone, command: string, prints: RegExp): Promise<unknown[]> {
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) {
    text += piece;
    if (prints.test(text)) break;
  }
  child.kill('SIGINT');
  expect(text).toMatch(prints);
  return ended;
}
