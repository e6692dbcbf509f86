import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';

const unit = join(PACKAGE_ROOT, 'etc/systemd/mesibo-modules.service');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;

it.skipIf(!hasSystemd)('the unit is without fault to systemd', () => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

it.skipIf(!hasSystemd)('the unit exposes little', () => {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(exposure)).toBeLessThan(3);
});

it('the unit calls commands that there are', () => {
  const lines = readFileSync(unit, 'utf8').matchAll(/^Exec\w+=\/usr\/bin\/env mesibo-modules (\w+)(.*)$/gm);
  const called = [...lines].map(([, verb, rest]) => [verb, rest?.trim().split(' ')[0]]);
  expect(called).toEqual([
    ['start', '--config'],
    ['reload', ''],
  ]);
  const start = createProgram().commands.find((verb) => verb.name() === 'start');
  expect(start?.options.map(({ long }) => long)).toContain('--config');
});
