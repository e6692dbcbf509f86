/** The places that a fixture is run in: two plain programs, the reference loader, a host of ours, and one that was a spare. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { main } from '../../helpers/command.js';
import { sample } from '../core.js';
import { controlOf, type Fixture, pathOf } from './fixtures.js';
import { readControl, readHost, readReference, type Transcript } from './transcript.js';

/** Far beyond what any of them takes, so that one that hangs fails instead. */
const BOUND_MS = 300_000;
/** None of these may stand in for what the module does. */
const PATIENT = ['deadline', 'start_timeout', 'hang'].flatMap((setting) => ['--set', `${setting}=250s`]);
/** A host has this room by itself; what is given to a host is what a core has. */
const ROOM = { GLIBC_TUNABLES: 'glibc.rtld.optional_static_tls=4096' };
const SPARE_HOST = fileURLToPath(new URL('spare-host.mjs', import.meta.url));
const ABI = ['--abi', 'exports-2020', '--json'];

/** A plain program that loads the module: in C, or in C++. */
export async function runControl(language: 'c' | 'cpp', fixture: Fixture, directory: string): Promise<Transcript> {
  const args = [pathOf(fixture), 'mesibo_module_world_init', ...fixture.texts];
  const { stdout, stderr, told, end } = await run(controlOf(language), args, directory, ROOM);
  const { deeds, printed } = readControl(told, stdout + stderr);
  return { deeds: [...deeds, ...end], printed };
}

/** The reference loader, as `run --in-process` starts it. */
export async function runReference(fixture: Fixture, directory: string): Promise<Transcript> {
  const texts = fixture.texts.flatMap((text) => ['--message', text]);
  const args = [main, 'run', '--in-process', pathOf(fixture), ...ABI, ...texts];
  const { stdout, stderr, end } = await run(process.execPath, args, directory, ROOM);
  const { deeds, printed } = readReference(stdout, stderr);
  return { deeds: [...deeds, ...end], printed };
}

/** A host of a core that runs under this Node.js. */
export async function runHost(node: string, fixture: Fixture, directory: string): Promise<Transcript> {
  const args = [main, 'try', pathOf(fixture), ...ABI, '--wait', '0', ...PATIENT, ...fixture.texts];
  const { stdout, stderr, end } = await run(node, args, directory, {});
  const { deeds, printed } = readHost(stdout, stderr);
  return { deeds: [...deeds, ...end], printed };
}

/** A host whose process was started for no module in particular. */
export async function runSpare(fixture: Fixture, directory: string): Promise<Transcript> {
  const args = [SPARE_HOST, pathOf(fixture), join(directory, 'run'), sample('skeleton'), ...fixture.texts];
  const { stdout, stderr, end } = await run(process.execPath, args, directory, {});
  const { deeds, printed } = readHost(stdout, stderr);
  return { deeds: [...deeds, ...end], printed };
}

interface Ended {
  stdout: string;
  stderr: string;
  /** What came on descriptor 3. */
  told: string;
  /** Lines about the end of a program that did not end well. */
  end: string[];
}

async function run(command: string, args: string[], directory: string, more: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...surroundings(directory), ...more },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: BOUND_MS,
    killSignal: 'SIGKILL',
  });
  const texts = [1, 2, 3].map((fd) => collect(child.stdio[fd] as Readable));
  const [code, signal] = await once(child, 'close');
  const [stdout, stderr, told] = texts.map((text) => text());
  return {
    stdout: stdout ?? '',
    stderr: stderr ?? '',
    told: told ?? '',
    end: code === 0 ? [] : [`ended by ${signal ?? code}`],
  };
}

/** The same for all of them; a core passes these on. */
function surroundings(directory: string): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '/' } = process.env;
  return {
    PATH,
    HOME,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: directory,
    MESIBO_RUN_DIR: join(directory, 'run'),
    NO_COLOR: '1',
  };
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
