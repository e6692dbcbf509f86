import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { fixture } from '../../e2e/core.js';

const LOADER = join(PACKAGE_ROOT, 'dist/native/mesibo-reference');
const isInFolder = /^[^/|]+\n$/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'));
const hasGdb = spawnSync('gdb', ['--version']).status === 0;
const mayDump = spawnSync('sh', ['-c', 'ulimit -c unlimited']).status === 0;

/** What gdb reads of the core file of a fault. */
function readCoreFile(...options: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'mm-'));
  try {
    const module = ['--module', 'm', fixture('dies'), 'mesibo_module_dies_init', 'exports-2020'];
    const command = [LOADER, ...options, ...module];
    const input = `message id=1 from=61 to=62 payload=${Buffer.from('write').toString('hex')}\n`;
    const script = 'ulimit -c unlimited; exec "$@" 3<>note >/dev/null';
    const { signal } = spawnSync('sh', ['-c', script, 'sh', ...command], { cwd: directory, input });
    expect(signal).toBe('SIGSEGV');
    const [core] = readdirSync(directory).filter((name) => name.startsWith('core'));
    const ask = ['-ex', 'bt 3', '-ex', 'print $_siginfo.si_code', '-ex', 'print $_siginfo._sifields._sigfault.si_addr'];
    const said = execFileSync('gdb', ['-batch', ...ask, LOADER, join(directory, `${core}`)], { stdio: 'pipe' });
    return `${said}`.replace(/0x[0-9a-f]{6,}/g, 'ADDRESS').replace(/^(\[New LWP|Core was generated).*$/gm, '');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it.skipIf(!isInFolder || !hasGdb || !mayDump)('a core file is the same with a note and without', () => {
  const withNote = readCoreFile('--crash', '3');
  expect(withNote).toMatch(/die_by_write/);
  expect(withNote).toMatch(/\$1 = 1\n\$2 = .*0x0/);
  expect(withNote).toBe(readCoreFile());
});
