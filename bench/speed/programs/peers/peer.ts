/** What the programs of peers share: the same file offers the messages, and in a second process answers them. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Load, readLoad } from '../arguments.js';
import type { RateSample } from '../meter.js';
import { tell } from '../tell.js';

const SERVE = 'serve';

/** A process that answers. */
export interface Answerer {
  process: ChildProcess;
  pid: number;
}

/**
 * Runs one side of a peer.
 *
 * @param url - of the program
 * @param serve - the side that answers; resolves when it can be reached at the path of a socket
 * @param offer - the side that measures
 */
export async function runPeer(
  url: string,
  serve: (socket: string) => Promise<void> | void,
  offer: (load: Load, answerer: Answerer, socket: string) => Promise<RateSample>,
): Promise<void> {
  const [order, given = ''] = process.argv.slice(2);
  if (order === SERVE) {
    await serve(given);
    process.on('disconnect', () => process.exit());
    process.send?.(SERVE);
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
  const socket = join(directory, 'socket');
  // In a session of its own, as a host is: Linux may share a busy machine out among sessions.
  const child = fork(fileURLToPath(url), [SERVE, socket], { detached: true });
  await once(child, 'message');
  tell(await offer(readLoad(), { process: child, pid: child.pid as number }, socket));
  child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
  process.exit(0);
}
