import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.js';
import { EXIT } from '../../../cli/terminal/io.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';

const unit = join(PACKAGE_ROOT, 'etc/systemd/mesibo-modules.service');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;

it.skipIf(!hasSystemd)('systemd finds no fault in the unit', () => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

it.skipIf(!hasSystemd)('the unit exposes little', () => {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(exposure)).toBeLessThan(3);
});

it('the unit calls existing commands', () => {
  const lines = readFileSync(unit, 'utf8').matchAll(/^Exec\w+=\/usr\/bin\/env mesibo-modules (\w+)(.*)$/gm);
  const called = [...lines].map(([, verb, rest]) => [verb, rest?.trim().split(' ')[0]]);
  expect(called).toEqual([
    ['start', '--config'],
    ['reload', ''],
  ]);
  const start = createProgram().commands.find((verb) => verb.name() === 'start');
  expect(start?.options.map(({ long }) => long)).toContain('--config');
});

it('a command line that makes no sense is not tried again', () => {
  expect(readFileSync(unit, 'utf8')).toMatch(new RegExp(`^RestartPreventExitStatus=${EXIT.usage}$`, 'm'));
});

it('lines in the journal have the name of the core, and the severity that the core marks them with', () => {
  expect(readFileSync(unit, 'utf8')).toMatch(/^SyslogIdentifier=mesibo-modules\nSyslogLevelPrefix=yes$/m);
  expect(readFileSync(unit, 'utf8')).not.toMatch(/^Standard(?:Output|Error)=/m);
});

it('the unit is installed as its first lines say, also where the folders are not there yet', () => {
  const root = mkdtempSync(join(tmpdir(), 'unit-test-'));
  try {
    const commands = [...readFileSync(unit, 'utf8').matchAll(/^# {3}(install .*?)(?: &&.*)?$/gm)].map(
      ([, command = '']) => command.replace(' /etc/', ` ${root}/etc/`),
    );
    execFileSync('sh', ['-ec', commands.join('\n')], { cwd: dirname(unit) });
    for (const [from, to] of [
      ['service', 'systemd/system/mesibo-modules.service'],
      ['sysusers.conf', 'sysusers.d/mesibo-modules.conf'],
    ] as const) {
      expect(readFileSync(join(root, 'etc', to))).toEqual(readFileSync(join(dirname(unit), `mesibo-modules.${from}`)));
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
