/** Runs modules in one process, without supervision: the reference loader, fed with messages. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { REFERENCE_LOADER } from '../paths.js';
import { type LoaderEvent, parseEvent } from './events.js';
import type { PlannedModule } from './plan.js';
import { serveRequests } from './requests.js';

/** A message for the modules. */
export interface Fed {
  /** 64-bit numbers by their C names. */
  numbers: Record<string, bigint>;
  from: string | null;
  to: string | null;
  payload: Uint8Array;
}

/** How the process is run. */
export interface RunOptions {
  modules: PlannedModule[];
  /** The most that a module may send. */
  maxMessageBytes: number;
  messages: AsyncIterable<Fed>;
  /** A prefix for the command, as a shell reads it, such as `gdb --args`; `null`: none. */
  under: string | null;
  /** Whether what modules print goes to standard error. */
  quietStdout: boolean;
  /** For how long requests that are open are waited for after the last message; absent: until they end. */
  waitMs?: number;
  /** Whether the process may read from the terminal. */
  interactive: boolean;
  onEvent: (event: LoaderEvent) => void;
}

/** How the process ended. */
export interface RunEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** Descriptors of the process, from 3 on. */
const FD = { input: 3, events: 4, requests: 5, answers: 6, arguments: 7 } as const;

/** Runs the process to its end; whatever modules ask for over http is done meanwhile. */
export async function runInProcess(options: RunOptions): Promise<RunEnd> {
  const { under, quietStdout, interactive, onEvent } = options;
  // Settings may hold secrets, and everybody can read a command line.
  const command = [REFERENCE_LOADER, '--arguments', `${FD.arguments}`];
  const [file, ...args] = under === null ? command : ['/bin/sh', '-c', `exec ${under} "$@"`, 'sh', ...command];
  const child = spawn(file as string, args, {
    stdio: [
      interactive ? 'inherit' : 'ignore',
      quietStdout ? 2 : 'inherit',
      'inherit',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
    ],
  });
  const streams = child.stdio as unknown as (Readable & Writable)[];
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const loaderArguments = streams[FD.arguments] as Writable;
  loaderArguments.on('error', () => {}); // the process is gone, and its exit says the rest
  loaderArguments.end(
    argumentsOf(options)
      .map((argument) => `${argument}\0`)
      .join(''),
  );
  serveRequests(streams[FD.requests] as Readable, streams[FD.answers] as Writable);
  const told = readEvents(streams[FD.events] as Readable, onEvent);
  await Promise.race([feed(streams[FD.input] as Writable, options.messages), exited]);
  const [exitCode, signal] = await exited;
  await told;
  return { exitCode, signal };
}

function argumentsOf({ modules, maxMessageBytes, waitMs }: RunOptions): string[] {
  const fds = ['--input', FD.input, '--events', FD.events, '--http', FD.requests, FD.answers, '--announce'].map(String);
  return [
    ...fds,
    ...['--max-message', `${maxMessageBytes}`],
    ...(waitMs === undefined ? [] : ['--wait', `${waitMs}`]),
    ...modules.flatMap(({ name, path, init, abis, settings }) => [
      ...['--module', name, path, init, abis.join(',')],
      ...settings.flatMap(([key, value]) => ['--set', key, value]),
    ]),
  ];
}

async function readEvents(stream: Readable, onEvent: (event: LoaderEvent) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    const event = parseEvent(line);
    if (event) onEvent(event);
  }
}

async function feed(input: Writable, messages: AsyncIterable<Fed>): Promise<void> {
  input.on('error', () => {}); // the process is gone, and its exit says the rest
  for await (const message of messages) {
    if (!input.write(`${lineOf(message)}\n`)) await drained(input);
    if (input.destroyed) return;
  }
  input.end();
}

function drained(input: Writable): Promise<void> {
  return new Promise((done) => {
    const settle = () => {
      input.off('drain', settle).off('close', settle);
      done();
    };
    input.on('drain', settle).on('close', settle);
  });
}

function lineOf({ numbers, from, to, payload }: Fed): string {
  const words = Object.entries(numbers).map(([key, value]) => `${key}=${value}`);
  if (to !== null) words.push(`to=${hexOf(Buffer.from(to))}`);
  if (from !== null) words.push(`from=${hexOf(Buffer.from(from))}`);
  return ['message', ...words, `payload=${hexOf(payload)}`].join(' ');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
