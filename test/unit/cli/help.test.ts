import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../../cli/program.js';

/** What a command line prints, and how it ends. */
async function run(...words: string[]): Promise<{ out: string; error: string; exitCode: number }> {
  const told = { out: '', error: '', exitCode: 0 };
  const program = createProgram();
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        told.out += text;
      },
      outputError: (text) => {
        told.error += text;
      },
      getOutHelpWidth: () => 80,
    });
    command.exitOverride();
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    told.exitCode = error.exitCode;
  }
  return told;
}

test.each(createProgram().commands.map((command) => command.name()))(
  'the help of %s fits into 80 columns',
  async (verb) => {
    const { out } = await run('help', verb);
    expect(out).toContain('Usage: ');
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

test('the help of a command that does not exist is an error', async () => {
  const known = await run('--help');
  expect(known).toMatchObject({ error: '', exitCode: 0 });
  for (const words of [
    ['nosuch', '--help'],
    ['--run-dir', '/r', 'nosuch', '-h'],
    ['help', 'nosuch'],
  ]) {
    const { out, error, exitCode } = await run(...words);
    expect([out, exitCode], words.join(' ')).toEqual(['', 1]);
    expect(error).toContain('no command is named "nosuch"; there are: ');
  }
  expect((await run('stats', '--help')).error).toContain('did you mean status?');
  expect(await run('status', '--help')).toMatchObject({ error: '', exitCode: 0 });
});
