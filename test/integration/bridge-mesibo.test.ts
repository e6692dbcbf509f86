import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

const FOLDER = join(PACKAGE_ROOT, 'test/bridge-mesibo');
const hasValgrind = spawnSync('valgrind', ['--version']).status === 0;

/** Makes a target; throws with all that was printed, unless that succeeds. */
function make(target: string): string {
  const { status, stdout, stderr } = spawnSync('make', ['-s', '-C', FOLDER, target], { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`make ${target} ended with ${status}\n${stdout}${stderr}`);
}

it.each(['check', 'check-tsan', ...(hasValgrind ? ['check-valgrind'] : [])])(
  'the bridge passes its tests: make %s',
  (target) => {
    expect(make(target)).toMatch(/^[1-9]\d* tests of the bridge, 0 failed\n$/);
  },
  900_000,
);
