/** Starts a core that goes on when the command that started it has returned. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Started } from '../../src/daemon.js';
import { makeStateDir } from '../../src/directories.js';
import { ControlError, DirectoryError, SupervisorError } from '../../src/errors.js';
import { openFile } from '../../src/own-files.js';
import { sentence, shellCommand } from '../../src/sentence.js';
import { makeRunDir } from '../../src/supervisor/directories/run-dir.js';
import { SILENT_MS, untilSilent } from './silence.js';
import { withClient } from './with-client.js';

/** What a core in the background is started with; all paths are absolute. */
export interface BackgroundOptions {
  configFile: string;
  runDir: string;
  stateDir: string;
  strict: boolean;
}

const REPORT_FD = 3;
const MAX_LAST_WORDS_BYTES = 64 * 1024;

/**
 * Starts this program again, detached, and waits for its report.
 *
 * @returns what the core reports once it serves.
 * @throws SupervisorError with what the core said when it ended instead.
 * @throws ControlError `CORE_SILENT` when it neither serves, nor ends, nor answers.
 * @throws DirectoryError `RUN_DIR_UNUSABLE` or `STATE_DIR_UNUSABLE`.
 */
export async function startInBackground(options: BackgroundOptions): Promise<Started> {
  makeRunDir(options.runDir);
  makeStateDir(options.stateDir);
  // A file and not a pipe: the core, or Node itself, can write into it even at the worst moment.
  const stderrFd = openLastWords(join(options.stateDir, 'logs', 'core.stderr'));
  const stderrFrom = fstatSync(stderrFd).size;
  try {
    const child = spawn(process.execPath, [...process.execArgv, ...argumentsOf(options)], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', stderrFd, 'pipe'],
    });
    const watching = new AbortController();
    const silence = watchSilence(options.runDir, child, watching.signal);
    const started = await Promise.race([waitForReport(child), silence]).finally(() => watching.abort());
    if (typeof started !== 'string') return started;
    const said = readFrom(stderrFd, stderrFrom)
      .replaceAll(/^mesibo-modules: /gm, '')
      .trim();
    throw new SupervisorError('ILLEGAL_STATE', said || `the core ${started} before it served`);
  } finally {
    closeSync(stderrFd);
  }
}

function openLastWords(path: string): number {
  try {
    return openFile(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o640);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const remedy = 'move it away, or choose another --state-dir';
    throw new DirectoryError('STATE_DIR_UNUSABLE', `${path} cannot be opened (${code})`, { remedy, cause });
  }
}

function argumentsOf({ configFile, runDir, stateDir, strict }: BackgroundOptions): string[] {
  const directories = ['--run-dir', runDir, '--state-dir', stateDir];
  const start = ['start', '--config', configFile, '--report-fd', String(REPORT_FD), ...(strict ? ['--strict'] : [])];
  return [process.argv[1] as string, ...directories, ...start];
}

/** @returns the report, or how the core ended without one. */
async function waitForReport(child: ChildProcess): Promise<Started | string> {
  const pipe = child.stdio[REPORT_FD] as Readable;
  // A user who interrupts the command does not want the core either.
  const interrupt = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await new Promise<Started | string>((resolve) => {
      let received = '';
      pipe.setEncoding('utf8').on('data', (text: string) => {
        received += text;
        const end = received.indexOf('\n');
        if (end >= 0) resolve(JSON.parse(received.slice(0, end)) as Started);
      });
      pipe.on('error', () => undefined);
      child.once('error', (error) => resolve(`could not be started (${error.message})`));
      // Not the end of the pipe: a host may have inherited it and hold it open.
      child.once('exit', (code, signal) => resolve(describeEnd(code, signal)));
    });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    pipe.destroy();
    child.unref();
  }
}

/** Never resolves; rejects when the core has not answered for too long, and when the signal ends it. */
async function watchSilence(runDir: string, { pid }: ChildProcess, signal: AbortSignal): Promise<never> {
  await untilSilent({
    ask: () => withClient(runDir, (client) => client.status()),
    nowMs: () => performance.now(),
    pause: (ms) => setTimeout(ms, null, { signal, ref: false }),
  });
  const what = `start: the core with pid ${pid} has not answered for ${SILENT_MS / 1000} s; it still runs`;
  const remedy = sentence`to end it at once: ${shellCommand('kill', '-KILL', `${pid}`)}`;
  throw new ControlError('CORE_SILENT', what, { remedy });
}

function describeEnd(code: number | null, signal: string | null): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === 0 ? 'was asked to stop' : `exited with ${code}`;
}

function readFrom(fd: number, from: number): string {
  const buffer = Buffer.alloc(MAX_LAST_WORDS_BYTES);
  return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, from));
}
