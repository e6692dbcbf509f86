/** The bundled programs with and without their caches: a cache saves time, and nothing else depends on it. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_VERBS } from '../../cli/client-verbs.js';
import { createProgram } from '../../cli/program.js';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { CommandLine } from '../helpers/command.js';

const PROGRAMS = ['host-runner', 'http-worker', 'mesibo-client', 'mesibo-modules'];

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mm-bundles-'));
  for (const entry of ['package.json', 'dist', 'scripts']) {
    cpSync(join(PACKAGE_ROOT, entry), join(root, entry), { recursive: true });
  }
  for (const entry of ['node_modules', 'modules', 'proto']) symlinkSync(join(PACKAGE_ROOT, entry), join(root, entry));
  writeFileSync(join(root, 'mesibo.conf'), `module filter {\n path = ${root}/modules/build/module_filter.so\n}\n`);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const cacheOf = (name: string) => join(root, 'dist/bundles', `${name}.cache`);
const original = (name: string) => readFileSync(join(PACKAGE_ROOT, 'dist/bundles', `${name}.cache`));

/** The parts of a cache: its line, and the two copies of what V8 made. */
function partsOf(name: string): { head: Record<string, unknown>; code: Buffer } {
  const bytes = original(name);
  const end = bytes.indexOf('\n');
  const head = JSON.parse(bytes.toString('latin1', 0, end));
  return { head, code: bytes.subarray(end + 1, end + 1 + head.length) };
}

function whole(head: object, code: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), code, code]);
}

function changed(code: Buffer, at: number): Buffer {
  const copy = Buffer.from(code);
  copy[at] = (copy[at] as number) ^ 0x41;
  return copy;
}

function run(...args: string[]) {
  const main = join(root, 'dist/bundles/mesibo-modules.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Loads a module, which starts a host; what it says has no times in it. */
function check() {
  return run('--run-dir', join(root, 'run'), 'check', '--config', join(root, 'mesibo.conf'));
}

const NO_CORE = { status: 3, stdout: '', stderr: expect.stringMatching(/^mesibo-modules: no core serves /) };

/** Looks for a core that is not there, whose lock is asked for by a native addon. */
function askNobody() {
  return run('--run-dir', join(root, 'none'), 'status');
}

const WORKS = { status: 0, stdout: expect.stringMatching(/^module filter: ok, ABI exports-2020/), stderr: '' };

it.each(PROGRAMS)('V8 takes the cache of %s', (name) => {
  const program = join(PACKAGE_ROOT, 'dist/bundles', `${name}.program.cjs`);
  const script = `
    const { readFileSync } = require('node:fs');
    const bytes = readFileSync(${JSON.stringify(join(PACKAGE_ROOT, 'dist/bundles', `${name}.cache`))});
    const end = bytes.indexOf('\\n');
    const { length } = JSON.parse(bytes.toString('latin1', 0, end));
    const cachedData = bytes.subarray(end + 1, end + 1 + length);
    const source = readFileSync(${JSON.stringify(program)}, 'latin1');
    console.log(new (require('node:vm').Script)(source, { cachedData }).cachedDataRejected);`;
  // As hosts are started.
  const args = ['--disable-wasm-trap-handler', '-e', script];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('false\n');
});

it.each(PROGRAMS)('the cache of %s names the addons that it loads', (name) => {
  const { koffi, zeromq } = partsOf(name).head.addons as Record<string, { file: string }>;
  expect(koffi?.file).toMatch(/koffi\.node$/);
  expect(zeromq?.file).toMatch(/addon\.node$/);
});

describe('a program runs the same', () => {
  const damages: [string, (name: string) => Buffer | null][] = [
    ['with its cache', original],
    ['without it', () => null],
    ['with an empty one', () => Buffer.alloc(0)],
    ['with half of it', (name) => original(name).subarray(0, original(name).length / 2)],
    ['with zeros in it', (name) => Buffer.from(original(name)).fill(0, 4096, 8192)],
    ['with one bit changed', (name) => changed(original(name), original(name).length >> 2)],
    ['with one of another length', (name) => whole({ ...partsOf(name).head, length: 12 }, partsOf(name).code)],
    ['with one of another build', (name) => whole({ ...partsOf(name).head, build: 'other' }, partsOf(name).code)],
    [
      'with one of another Node.js, which V8 would take and fall over',
      (name) =>
        whole({ ...partsOf(name).head, node: 'v20.0.0 x64 1 1' }, changed(partsOf(name).code, 5000).fill(0x41, 4096)),
    ],
    // V8 writes a hash of its version there.
    ['with one of another V8', (name) => whole(partsOf(name).head, changed(partsOf(name).code, 4))],
    ['with one that knows no addons', (name) => whole({ ...partsOf(name).head, addons: {} }, partsOf(name).code)],
    [
      'with one whose addons have changed',
      (name) => {
        const gone = { file: '../../package.json', size: 1, mtimeMs: 1 };
        return whole({ ...partsOf(name).head, addons: { koffi: gone, zeromq: gone } }, partsOf(name).code);
      },
    ],
  ];

  it.each(damages)('%s', (_, damage) => {
    for (const name of PROGRAMS) {
      const bytes = damage(name);
      if (bytes === null) rmSync(cacheOf(name));
      else writeFileSync(cacheOf(name), bytes);
    }
    expect(check()).toEqual(WORKS);
    expect(askNobody()).toEqual(NO_CORE);
  });
});

it('a program uses its cache: it fails when the cache leads to a file that is not an addon', () => {
  const name = 'mesibo-modules';
  const { size, mtimeMs } = statSync(join(root, 'package.json'));
  const none = { file: '../../package.json', size, mtimeMs };
  const { head, code } = partsOf(name);
  writeFileSync(cacheOf(name), whole({ ...head, addons: { koffi: none, zeromq: none } }, code));
  expect(check().status).not.toBe(0);
  writeFileSync(cacheOf(name), original(name));
  expect(check()).toEqual(WORKS);
});

/** All that its help prints. */
function helpOf(verb: Command): string {
  let help = '';
  verb.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

it('a verb that needs no core runs in the smaller program, wherever options stand', () => {
  const program = join(root, 'dist/bundles/mesibo-modules.program.cjs');
  renameSync(program, join(root, 'away'));
  try {
    for (const verb of createProgram().commands) {
      const { status, stdout } = run(verb.name(), '--help');
      if (!(verb.name() in CLIENT_VERBS)) expect([verb.name(), status]).toEqual([verb.name(), 1]);
      else expect({ status, stdout }).toEqual({ status: 0, stdout: helpOf(verb) });
    }
    expect(run('--run-dir', 'start', '--state-dir=run', 'status', '--help').status).toBe(0);
    for (const before of [[], ['help', 'status'], ['--run-dir'], ['--run-dir', 'status'], ['--none', 'status']])
      expect(run(...before, '--help').stderr).toMatch(/ENOENT.*mesibo-modules\.program\.cjs/);
  } finally {
    renameSync(join(root, 'away'), program);
  }
});

it('a command that a core answers loads no native addon', async () => {
  const name = 'mesibo-client';
  const { size, mtimeMs } = statSync(join(root, 'package.json'));
  const none = { file: '../../package.json', size, mtimeMs };
  const { head, code } = partsOf(name);
  writeFileSync(cacheOf(name), whole({ ...head, addons: { koffi: none, zeromq: none } }, code));
  const command = new CommandLine(root);
  try {
    // Its name leads to no addon, and so nothing can be found out about a lock.
    expect(askNobody().status).not.toBe(NO_CORE.status);
    expect(await command.run('start', '--daemon', '--config', join(root, 'mesibo.conf'))).toMatchObject({ code: 0 });
    const at = ['--run-dir', join(root, 'run')];
    for (const verb of [['status'], ['list'], ['describe', 'filter'], ['send', 'hi', '--from', 'alice', '--to', 'bob']])
      expect(run(...at, ...verb)).toMatchObject({ status: 0, stderr: '' });
  } finally {
    await command.run('stop');
    writeFileSync(cacheOf(name), original(name));
  }
  expect(askNobody()).toEqual(NO_CORE);
});

it('what is not in a bundle is loaded from it', () => {
  const main = join(PACKAGE_ROOT, 'dist/bundles/mesibo-modules.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'demo'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('All stopped, nothing left behind.');
});

it('caches are made again, and nothing else is left beside them', () => {
  const folder = join(root, 'dist/bundles');
  for (const name of PROGRAMS) rmSync(cacheOf(name), { force: true });
  execFileSync(process.execPath, [join(root, 'scripts/caches.mjs')]);
  expect(readdirSync(folder)).toEqual(readdirSync(join(PACKAGE_ROOT, 'dist/bundles')));
  expect(check()).toEqual(WORKS);
});
