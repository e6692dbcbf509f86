/** Runs modules in one process, without supervision: the reference loader, fed with messages. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { REFERENCE_LOADER } from '../paths.js';
import { type CrashNote, readCrashNote } from '../wire/crash-note.js';
import type { CallKind } from '../wire/event-kinds.js';
import { openCrashArea } from './crash-area.js';
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

/** Any call of a module, with addresses that need not be text. */
export interface FedCall {
  kind: CallKind;
  numbers: Record<string, bigint>;
  /** Of a login, the address of the user. */
  from: Uint8Array | null;
  to: Uint8Array | null;
  payload: Uint8Array;
}

/** How the process is run. */
export interface RunOptions {
  modules: PlannedModule[];
  /** The most that a module may send. */
  maxMessageBytes: number;
  messages: AsyncIterable<Fed | FedCall>;
  /** A prefix for the command, as a shell reads it, such as `gdb --args`; `null`: none. */
  under: string | null;
  /** Whether what modules print goes to standard error. */
  quietStdout: boolean;
  /** For how long requests that are open are waited for after the last message; absent: until they end. */
  waitMs?: number;
  /** Whether the process may read from the terminal. */
  interactive: boolean;
  /** Whether the process notes why it ends. */
  notesEnd?: boolean;
  onEvent: (event: LoaderEvent) => void;
  /** Gets what the process and its modules print, which may have control characters; absent: it goes to the terminal as it is. */
  onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
  /** Is told of the process when it runs. */
  onStart?: (pid: number) => void;
}

/** How the process ended. */
export interface RunEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What it noted of its own end. */
  note: CrashNote | 'none' | 'ready';
}

/** Descriptors of the process, from 3 on. */
const FD = { input: 3, events: 4, requests: 5, answers: 6, arguments: 7, crash: 8 } as const;

/** What the process has left running may hold its output open for ever. */
const LAST_OUTPUT_MS = 1000;

/** Runs the process to its end; whatever modules ask for over http is done meanwhile. */
export async function runInProcess(options: RunOptions): Promise<RunEnd> {
  const { under, quietStdout, interactive, onEvent, onOutput, onStart } = options;
  const area = options.notesEnd ? openCrashArea() : null;
  // Settings may hold secrets, and everybody can read a command line.
  const crash = area === null ? [] : ['--crash', `${FD.crash}`];
  const command = [REFERENCE_LOADER, ...crash, '--arguments', `${FD.arguments}`];
  const [file, ...args] = under === null ? command : ['/bin/sh', '-c', `exec ${under} "$@"`, 'sh', ...command];
  const child = spawn(file as string, args, {
    stdio: [
      interactive ? 'inherit' : 'ignore',
      onOutput ? 'pipe' : quietStdout ? 2 : 'inherit',
      onOutput ? 'pipe' : 'inherit',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      area ?? 'ignore',
    ],
  });
  const streams = child.stdio as unknown as (Readable & Writable)[];
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  if (child.pid !== undefined) onStart?.(child.pid);
  const printed = onOutput
    ? [readOutput(child.stdout, 'stdout', onOutput), readOutput(child.stderr, 'stderr', onOutput)]
    : [];
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
  // A child that a module forked may hold the other ends for as long as it lives.
  await Promise.race([Promise.all([told, ...printed]), pause(LAST_OUTPUT_MS, null, { ref: false })]);
  for (const stream of streams) stream?.destroy();
  return { exitCode, signal, note: readArea(area) };
}

async function readOutput(
  stream: Readable | null,
  name: 'stdout' | 'stderr',
  onOutput: (text: string, stream: 'stdout' | 'stderr') => void,
): Promise<void> {
  if (stream === null) return;
  stream.setEncoding('utf8').on('data', (text: string) => onOutput(text, name));
  await once(stream, 'close');
}

function readArea(area: number | null): CrashNote | 'none' | 'ready' {
  if (area === null) return 'none';
  try {
    return readCrashNote(area, 0);
  } finally {
    closeSync(area);
  }
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

async function feed(input: Writable, messages: RunOptions['messages']): Promise<void> {
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

const WORDS: Record<CallKind, string> = {
  message: 'message',
  status: 'status',
  login: 'login',
  call: 'call',
  callStatus: 'call-status',
};

function lineOf(fed: Fed | FedCall): string {
  const { numbers, from, to, payload } = fed;
  const kind = 'kind' in fed ? fed.kind : 'message';
  const words = Object.entries(numbers).map(([key, value]) => `${key}=${value}`);
  if (to !== null) words.push(`to=${hexOf(Buffer.from(to))}`);
  if (from !== null) words.push(`${kind === 'login' ? 'address' : 'from'}=${hexOf(Buffer.from(from))}`);
  if (kind === 'message') words.push(`payload=${hexOf(payload)}`);
  return [WORDS[kind], ...words].join(' ');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
