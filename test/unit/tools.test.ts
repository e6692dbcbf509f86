import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

/** What is said of the tools where CC is this. */
function find(cc: string): string {
  const env = { ...process.env, CC: cc };
  const asked = "import('./scripts/tools.mjs').then((tools) => console.log(tools.findMissingTools().join('\\n')))";
  return spawnSync(process.execPath, ['-e', asked], { cwd: PACKAGE_ROOT, env, encoding: 'utf8' }).stdout.trim();
}

it('a missing compiler is named, with the way to install one, in the words of README', () => {
  const said = find('/nowhere/cc');
  expect(said).toContain('/nowhere/cc cannot be run');
  const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  for (const command of ['apt-get install gcc libc6-dev make', 'dnf install gcc make']) {
    expect(said).toContain(command);
    expect(readme).toContain(`\`${command}\``);
  }
  const script = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, CC: '/nowhere/cc' },
    encoding: 'utf8',
  });
  expect([script.status, script.stderr.replaceAll('mesibo-modules: ', '').trim()]).toEqual([1, said]);
});

it('a compiler may be given with words before it, as make takes it', () => {
  expect(find('env cc')).toBe('');
});
