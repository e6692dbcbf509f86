/** What a module finds in its process: the same in a host as in a plain process that opens it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { AbiName } from '../../src/config/types.js';
import type { LoaderEvent } from '../../src/in-process/events.js';
import { runInProcess } from '../../src/in-process/loader.js';
import { planFiles } from '../../src/in-process/plan.js';
import { fixture, fixtureModule, startCore, type TestCore } from './core.js';

let core: TestCore | undefined;
afterEach(async () => {
  await core?.close();
  core = undefined;
});

/** A core with one module, once it has had a message. */
async function serve(file: string, text = 'hello', abi: AbiName = 'table'): Promise<TestCore> {
  core = await startCore([fixtureModule(file, { abi })]);
  expect(core.report.refused).toEqual([]);
  await core.send(text);
  return core;
}

/** What the core logs of a module. */
async function linesInHost(file: string, text?: string, abi?: AbiName): Promise<string[]> {
  return (await serve(file, text, abi)).lines(file.replaceAll('-', '_'));
}

/** What it logs where the reference loader has opened it, and how that ended. */
async function runPlainly(file: string, text = 'hello', abi: AbiName = 'table') {
  const events: LoaderEvent[] = [];
  const message = { numbers: {}, from: 'alice', to: 'bob', payload: Buffer.from(text) };
  const { exitCode, signal } = await runInProcess({
    modules: planFiles([fixture(file)], [], abi),
    maxMessageBytes: 64 * 1024,
    messages: (async function* () {
      yield message;
    })(),
    under: null,
    quietStdout: true,
    interactive: false,
    onEvent: (event) => events.push(event),
  });
  const lines = events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
  const complaints = events.flatMap((event) => (event.kind === 'complaint' ? [event.text] : []));
  return { end: { exitCode, signal }, events, lines, complaints };
}

const ENDED_WELL = { exitCode: 0, signal: null };

describe('C++', () => {
  const NUMBERS = '42 -7 2.5 ff    9 true';
  const LINES = [
    `numbers ${NUMBERS}`,
    `in a thread ${NUMBERS}`,
    'read 12|0.250000|word',
    'regex e',
    'locale C',
    'caught thrown',
  ];

  it.runIf(existsSync(fixture('cpp-streams'))).each(['cpp-streams', 'cpp-static-runtime'])(
    '%s prints to std::cout, and streams numbers right',
    async (file) => {
      expect(await linesInHost(file)).toEqual(LINES);
      await core?.until(() => core?.lines(file.replaceAll('-', '_'), 'stdout').length === 3);
      expect(core?.lines(file.replaceAll('-', '_'), 'stdout')).toEqual(['constructed 1', 'x', 'got 5 bytes, 2.5']);
      const plain = await runPlainly(file);
      expect([plain.end, plain.lines]).toEqual([ENDED_WELL, LINES]);
    },
  );
});

describe('the C library', () => {
  /** What a process that is started from here says. */
  const shell = (line: string) =>
    execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trimEnd();
  const signals = (line: string) => shell(`set -- $(grep ${line} /proc/self/status); echo $((0x$2 & 0x7fffffff))`);
  const LINES = [
    'environ has PATH: 1',
    'timezone -18000',
    'optarg value',
    'a child has TZ: ABC-5',
    `a child's descriptors: ${shell('cd /proc/self/fd; echo *')}`,
    'a child reads: /dev/null',
    `a child ignores: ${signals('SigIgn')}`,
    `a child blocks: ${signals('SigBlk')}`,
    'descriptors that block: 1',
    'system() 0',
  ];

  it.each([
    ['plain-process', 'table'],
    ['plain-process-2019', 'exports-2019'],
  ] as const)(
    'has one environment, one time zone, and passes the same to children as a plain process (%s)',
    async (file, abi) => {
      const name = file.replaceAll('-', '_');
      expect(await linesInHost(file, 'hello', abi)).toEqual(LINES);
      await core?.until(() => core?.lines(name, 'stderr').length === 1);
      expect(core?.lines(name, 'stdout')).toEqual([hostname()]);
      expect(core?.lines(name, 'stderr')).toEqual(['to stderr']);
      expect(await runPlainly(file, 'hello', abi)).toMatchObject({ end: ENDED_WELL, lines: LINES });
    },
  );

  it.runIf(existsSync(fixture('tcmalloc')))('has one malloc, where a library brings its own', async () => {
    expect(await linesInHost('tcmalloc')).toEqual(['copied hello']);
    expect(await runPlainly('tcmalloc')).toMatchObject({ end: ENDED_WELL, lines: ['copied hello'] });
  });
});

describe('a plugin that the module opens', () => {
  it.runIf(existsSync(fixture('opens-plugin')))("has the system's OpenSSL and zlib, not Node's", async () => {
    const lines = await linesInHost('opens-plugin');
    expect(lines).toEqual((await runPlainly('opens-plugin')).lines);
    const maps = readFileSync(`/proc/${core?.module('opens_plugin').pid}/maps`, 'utf8');
    const libz = /\/\S*libz\.so\S*/.exec(maps)?.[0] ?? '';
    const version = /libz \[(.*)\]/.exec(lines[1] ?? '')?.[1] ?? 'none';
    expect(execFileSync('grep', ['-ac', `deflate ${version} Copyright`, libz], { encoding: 'utf8' })).toBe('1\n');
    const directory = /libcrypto \[(.*)\]/.exec(lines[0] ?? '')?.[1] ?? '';
    expect(directory).toMatch(/^OPENSSLDIR: ".+"$/);
    expect(spawnSync('grep', ['-acF', directory, process.execPath], { encoding: 'utf8' }).stdout).toBe('0\n');
  });
});

describe('a function that the module is not linked with', () => {
  it('is found where Node needs the library as well, in a host and in one process', async () => {
    expect(await linesInHost('forgot-libm', '12345678')).toEqual(['log2 3.0']);
    expect(await runPlainly('forgot-libm', '12345678')).toMatchObject({ end: ENDED_WELL, lines: ['log2 3.0'] });
  });

  const MISSING =
    /nothing provides the symbol OpenSSL_version; link the module with -lcrypto; calling it ends the process$/;

  it('is not taken from Node; the module serves until it calls it, and the error says what to link', async () => {
    const served = await serve('forgot-libcrypto');
    expect(served.lines('forgot_libcrypto')).toEqual(['not called']);
    expect(served.lines('forgot_libcrypto', 'supervisor')).toContainEqual(expect.stringMatching(MISSING));
    const plain = await runPlainly('forgot-libcrypto');
    expect([plain.end, plain.lines]).toEqual([ENDED_WELL, ['not called']]);
    expect(plain.complaints).toEqual([expect.stringMatching(MISSING)]);
  });

  it('is named with all others of its kind, in the same words in a host and in one process', async () => {
    const served = await serve('misses-several');
    const said = [
      'nothing provides the symbols SSL_free, SSL_new; link the module with -lssl -lcrypto; calling one ends the process',
      'nothing provides the symbol mesibo_of_the_future; the module wants a function that no ABI of this version has; calling ' +
        'it ends the process',
    ];
    const path = fixture('misses-several');
    const lines = said.map((line) => `${path}: ${line}`);
    expect(served.module('misses_several').warnings).toEqual(lines);
    const { complaints, end } = await runPlainly('misses-several');
    expect(end).toEqual(ENDED_WELL);
    expect(complaints.join().split(`; ${path}`).join(`\n${path}`).split('\n')).toEqual(lines);
  });

  it('ends the process where it is called, in a host and in one process', async () => {
    const served = await serve('forgot-libcrypto', 'call');
    await served.until(() => served.lives.some(({ kind }) => kind === 'exited'));
    expect(served.lives.find((life) => life.kind === 'exited')).toMatchObject({ cause: 'exit', exitCode: 127 });
    expect(await runPlainly('forgot-libcrypto', 'call')).toMatchObject({ end: { exitCode: 127, signal: null } });
  });
});

describe('a thread of the module that waits for input at the end', () => {
  it('does not keep the process, and what was printed arrives', async () => {
    const served = await serve('reads-at-exit');
    await served.supervisor.stop();
    expect(served.lives.find((life) => life.kind === 'exited')).toMatchObject({
      cause: 'stop',
      exitCode: 0,
      signal: null,
    });
    expect(served.lines('reads_at_exit', 'stdout')).toEqual(['without a newline']);
    expect(await runPlainly('reads-at-exit')).toMatchObject({ end: ENDED_WELL });
  });
});

describe('a child that the module has forked', () => {
  it('does not hold up the end in one process, although it has all descriptors', async () => {
    const { end, lines } = await runPlainly('forks');
    const child = Number(/^child (\d+)$/.exec(lines[0] ?? '')?.[1]);
    expect(() => process.kill(child, 'SIGKILL')).not.toThrow();
    expect(end).toEqual(ENDED_WELL);
  });
});

describe('a thread of the module that is busy at the end', () => {
  it('does not make the end a crash, in a host and in one process', async () => {
    await serve('busy-at-exit');
    const served = core as TestCore;
    await served.supervisor.stop();
    expect(served.lives.find((life) => life.kind === 'exited')).toMatchObject({
      cause: 'stop',
      exitCode: 0,
      signal: null,
    });
    const plain = await runPlainly('busy-at-exit');
    expect([plain.end, plain.lines]).toEqual([ENDED_WELL, ['cleanup']]);
  });
});
