import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

const hasValgrind = spawnSync('valgrind', ['--version']).status === 0;

/** Makes a target; throws with all that was printed, unless that succeeds. */
function make(folder: string, target: string): string {
  const { status, stdout, stderr } = spawnSync('make', ['-s', '-C', folder, target], { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`make ${target} ended with ${status}\n${stdout}${stderr}`);
}

/** Runs the tests in C of something: under the sanitizers, and under valgrind where it is installed. */
export function runCTests(of: string, folder: string): void {
  it.each(['check', 'check-tsan', ...(hasValgrind ? ['check-valgrind'] : [])])(
    `${of} passes its tests: make %s`,
    (target) => {
      const expected = new RegExp(`^[1-9]\\d* tests of ${of}, 0 failed\\n$`);
      expect(make(join(PACKAGE_ROOT, folder), target)).toMatch(expected);
    },
    900_000,
  );
}
