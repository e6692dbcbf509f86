/**
 * Node's symbols are hidden as a host hides them, and a library shows what it finds then: with the Node.js that runs the tests and,
 * with MESIBO_TEST_FULL=1, with the newest of the other lines and with that of arm64, which qemu runs.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT, SHIM_LIBRARY } from '../../src/paths.js';

const FOLDER = join(PACKAGE_ROOT, 'test/hiding');
const NATIVE = join(PACKAGE_ROOT, 'src/host-runner/native');
const LIMIT_MS = 600_000;
const has = (tool: string) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;

/** A Node.js, and what builds for its machine. */
interface World {
  name: string;
  /** What is missing for it; `null`: nothing. */
  missing: string | null;
  /** Before the name of each tool: `aarch64-linux-gnu-`. */
  prefix: string;
  cpu: string;
  /** Which Node.js of npm's it is; `null`: the one that runs this. */
  version: string | null;
  /** What runs a program of that machine. */
  emulator: string[];
}

const full = process.env.MESIBO_TEST_FULL ? null : 'only with MESIBO_TEST_FULL=1';
const native = { prefix: '', cpu: process.arch, emulator: [] };
const cross = 'aarch64-linux-gnu-';
const emulated = ['qemu-aarch64', `${cross}gcc`, `${cross}g++`].find((tool) => !has(tool));
const worlds: World[] = [
  { ...native, name: `Node.js ${process.version}`, version: null, missing: has('g++') ? null : 'g++ is missing' },
  ...['22', '24'].map((version) => ({ ...native, name: `Node.js ${version}`, version, missing: full })),
  {
    name: 'Node.js 20 of arm64',
    missing: full ?? (emulated ? `${emulated} is missing` : null),
    prefix: cross,
    cpu: 'arm64',
    version: '20',
    emulator: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
  },
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mm-hiding-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Fetches a package for another machine, or another version of Node.js, and gives its folder. */
function fetchPackage(into: string, name: string, version: string, cpu: string): string {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--force', '--no-save', `--cpu=${cpu}`];
  if (!existsSync(join(into, 'package.json'))) writeFileSync(join(into, 'package.json'), '{}');
  execFileSync('npm', ['install', ...flags, `${name}@${version}`], { cwd: into, stdio: 'pipe' });
  return join(into, 'node_modules', name);
}

function findNode({ version, cpu }: World, base: string): string {
  if (version === null) return process.execPath;
  return join(fetchPackage(base, `node-linux-${cpu}`, version, cpu), 'bin/node');
}

/** Where koffi's own part for that machine is. */
function findKoffi({ cpu }: World, base: string): string {
  const own = join(PACKAGE_ROOT, 'node_modules/koffi');
  if (cpu === process.arch) return own;
  const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  return fetchPackage(join(base, 'koffi'), `@koromix/koffi-linux-${cpu}`, version, cpu);
}

const C = ['-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-O1', '-g', '-fPIC', '-pthread', '-shared'];

function buildShim({ prefix }: World, base: string): string {
  if (prefix === '') return SHIM_LIBRARY;
  const file = join(base, 'shim.so');
  const sources = execFileSync('sh', ['-c', `ls ${NATIVE}/*.c`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  execFileSync(`${prefix}gcc`, ['-std=c11', '-fvisibility=hidden', ...C, '-o', file, ...sources]);
  return file;
}

/** In C, in C++, and in C++ with its runtime linked in. */
function buildLibraries({ prefix }: World, base: string): string[] {
  const files = ['c', 'cpp', 'static-runtime'].map((name) => join(base, `answer-${name}.so`));
  const [c, cpp, fixed] = files as [string, string, string];
  execFileSync(`${prefix}gcc`, [...C, '-o', c, join(FOLDER, 'answer.c')]);
  execFileSync(`${prefix}g++`, [...C, '-o', cpp, join(FOLDER, 'answer.cpp')]);
  execFileSync(`${prefix}g++`, [...C, '-static-libstdc++', '-static-libgcc', '-o', fixed, join(FOLDER, 'answer.cpp')]);
  return files;
}

/** The names that a file defines for others, without their versions. */
function namesOf({ prefix }: World, file: string): Set<string> {
  const flags = ['-D', '--defined-only', '--format=posix', file];
  const lines = execFileSync(`${prefix}nm`, flags, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\n');
  return new Set(lines.flatMap((line) => (line === '' ? [] : [(line.split(' ')[0] as string).replace(/@.*/, '')])));
}

/** The libraries that every Node.js of nodejs.org needs. */
const RUNTIME = ['libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libc.so.6', 'libdl.so.2', 'libpthread.so.0'];
/** The dynamic linker, which is one of them too. */
const LINKER: Record<string, string> = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' };

function findLibrary({ prefix }: World, name: string): string {
  return execFileSync(`${prefix}gcc`, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
}

describe.each(worlds)('$name', (world) => {
  it.skipIf(world.missing !== null)(
    `hides what only Node needs, and nothing else${world.missing === null ? '' : ` (${world.missing})`}`,
    () => {
      const base = mkdtempSync(join(directory, 'world-'));
      execFileSync('mkdir', [join(base, 'koffi')]);
      const node = findNode(world, base);
      const koffi = findKoffi(world, base);
      const names = namesOf(world, node);
      const request = {
        require: join(PACKAGE_ROOT, 'package.json'),
        koffi,
        shim: buildShim(world, base),
        names: [...names],
        libraries: buildLibraries(world, base),
      };
      const [command = node, ...args] = [...world.emulator, node, join(FOLDER, 'driver.mjs')];
      const out = execFileSync(command, args, { input: JSON.stringify(request), encoding: 'utf8', timeout: LIMIT_MS });
      const { found, ...told } = JSON.parse(out.trimEnd().split('\n').at(-1) as string);

      expect(told).toMatchObject({ reason: null, shared: '', arch: world.cpu });
      const libraries = new Set(
        [...RUNTIME, LINKER[world.cpu] as string].flatMap((name) => [...namesOf(world, findLibrary(world, name))]),
      );
      const staying = [...names].filter((name) => /^(napi|node_api)_/.test(name) || libraries.has(name));
      expect(found.sort()).toEqual(staying.sort());
      expect(staying.length).toBeLessThan(1000);
      const { copies, libraries: shared, addons, lazy } = told.kept;
      expect([copies > 0, addons > 100, lazy]).toEqual([true, true, 0]);
      expect(told.hidden + copies + shared + addons).toBe(told.defined);
      expect(told.hidden).toBeGreaterThan(30_000);
      // Few symbols are written to one by one: the rest is in the filter.
      expect(told.madeLocal).toBeLessThan(64);

      const numbers = '42 2.5 true, 42 2.5 true, far';
      const own = 'uv my own 7, environ 1, copied, dladdr knows napi_create_function';
      expect(told.answers).toEqual([own, numbers, numbers]);
      expect(out.split('\n').filter((line) => line.startsWith('cout'))).toEqual(['cout 1', 'cout 1']);
      const hash = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
      expect(told.fromWorker).toEqual({ pid: true, hash });
    },
    LIMIT_MS,
  );
});
