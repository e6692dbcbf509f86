/** One message to a module in the reference loader, which notes how it ends. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { type CrashNote, readCrashNote } from '../../../src/wire/crash-note.js';
import { fixture } from '../../e2e/core.js';

const CRASH_FD = 3;
/** What the loader announces before it calls the module. */
const CALLED = Buffer.from('on_message').toString('hex');

/** How a run ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  note: CrashNote | 'none' | 'ready';
  /** What was printed on standard error. */
  printed: string;
}

/**
 * Runs a fixture in the loader.
 *
 * @param kill a signal to send once the message is being handled
 */
export async function runLoader(file: string, text: string, kill?: NodeJS.Signals): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), 'mm-'));
  const fd = openSync(join(directory, 'note'), 'w+');
  const program = join(PACKAGE_ROOT, 'dist/native/mesibo-reference');
  const module = ['--module', 'm', fixture(file), `mesibo_module_${file.replaceAll('-', '_')}_init`, 'exports-2020'];
  const args = ['--crash', `${CRASH_FD}`, '--announce', ...module];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', fd] });
  let printed = '';
  child.stderr?.on('data', (chunk) => {
    printed += chunk;
  });
  child.stdin?.end(`message id=1 from=61 to=62 payload=${Buffer.from(text).toString('hex')}\n`);
  child.stdout?.on('data', (chunk) => {
    if (kill && `${chunk}`.includes(CALLED)) child.kill(kill);
  });
  const [code, signal] = await once(child, 'close');
  const note = readCrashNote(fd, 0);
  closeSync(fd);
  rmSync(directory, { recursive: true });
  return { code, signal, note, printed };
}
