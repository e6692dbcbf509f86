import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { CommandLine } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

it('a container is healthy as long as its core answers, whatever its modules do', async () => {
  const [, words = '[]'] =
    /^HEALTHCHECK .*CMD (.*)$/m.exec(readFileSync(join(PACKAGE_ROOT, 'Dockerfile'), 'utf8')) ?? [];
  const [program, ...check] = JSON.parse(words) as string[];
  expect(program).toBe('mesibo-modules');
  const command = new CommandLine(makeTempDir());
  try {
    await command.start(
      `module filter { path = ${sample('filter')} }\nmodule missing { path = /nowhere/missing.so }\n`,
    );
    expect(await command.run('status')).toMatchObject({ code: 1 });
    expect(await command.run(...check)).toMatchObject({ code: 0 });
    await command.run('stop');
    expect(await command.run(...check)).toMatchObject({ code: 3 });
  } finally {
    await command.run('stop');
    rmSync(command.directory, { recursive: true });
  }
});
