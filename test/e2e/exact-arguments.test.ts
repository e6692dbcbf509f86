/** Arguments as the shell gives them: Node.js would change bytes that are not UTF-8. */

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandLine, main } from '../helpers/command.js';
import { fixture, makeTempDir } from './core.js';

let cli: CommandLine;
beforeAll(async () => {
  cli = new CommandLine(makeTempDir());
  expect(await cli.start(`module echo_params { path = ${fixture('echo-params')} }\n`)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await cli.run('stop');
  rmSync(cli.directory, { recursive: true });
});

/** Runs a command of which the shell makes the bytes, as printf writes them. */
function run(line: string, bytes: string) {
  const script = `argument=$(printf '${bytes}'); exec "$0" "$1" ${line}`;
  const how = { cwd: cli.directory, env: cli.env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['-c', script, process.execPath, main], how);
  return { status, stdout, stderr };
}

const SEND = 'send --wait 0 --json --to bob';

it.each([
  ['a byte of Latin-1', 'zo\\xeb'],
  ['half of a surrogate pair', 'a\\xed\\xa0\\x80'],
  ['a character that is cut', 'a\\xf0\\x9f'],
])('%s is refused, as address and as message', (_what, bytes) => {
  for (const line of [`${SEND} --from "$argument" hi`, `${SEND} --from al "$argument"`]) {
    const { status, stdout, stderr } = run(line, bytes);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^mesibo-modules: the command line has bytes that are not UTF-8, .* in a file or on standard/,
    );
  }
});

it('text is sent as it is, even the character that Node.js uses for invalid bytes', () => {
  for (const text of ['zo\\xc3\\xab', '\\xf0\\x9f\\x98\\x80', '\\xef\\xbf\\xbd']) {
    const { status, stdout } = run(`${SEND} --from al "$argument"`, text);
    const bytes = Buffer.from(text.replaceAll('\\x', '').replace(/^zo/, '7a6f'), 'hex');
    expect([status, JSON.parse(stdout).message]).toEqual([0, bytes.toString()]);
  }
});

it('bytes that are not text are sent from standard input', async () => {
  const { code, stdout } = await cli.finish(
    cli.begin('send', '--wait', '0', '--json', '--from', 'al', '--to', 'bo'),
    Buffer.from([0x7a, 0xeb]),
  );
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { verdict: 'pass' }]);
  expect(JSON.stringify(JSON.parse(stdout))).toContain(Buffer.from([0x7a, 0xeb]).toString('base64'));
});
