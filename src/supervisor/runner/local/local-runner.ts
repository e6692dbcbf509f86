/** Starts hosts as processes of this machine, children of this one, each with a black box in shared memory. */

import { randomBytes } from 'node:crypto';
import { findDescriptorProblem, readDescriptorUse } from '../../../descriptors.js';
import { SupervisorError } from '../../../errors.js';
import { hostSocketPath, makeRunDir } from '../../directories/run-dir.js';
import type { Run, RunListener, Runner, RunRequest } from '../runner.js';
import { makeBox } from './black-box/box-file.js';
import { HostSocket } from './host-socket.js';
import type { Orphans } from './leftovers/orphans.js';
import { LocalRun } from './local-run.js';
import { findWorkingDirectory, type WorkPlaces } from './working-directory.js';

/** What all hosts of one core are started with. */
export interface LocalSurroundings extends WorkPlaces {
  runId: string;
  /** Where black boxes are made; a memory file system. */
  boxDir: string;
  blackBoxBytes: number;
  maxMessageBytes: number;
  /** `null`: what leaves the process group of a host is looked for when the core stops. */
  orphans: Orphans | null;
}

/** Room in a frame beside the payload: addresses, parameters, and the records that came before it. */
const FRAME_SLACK_BYTES = 2 * 1024 * 1024;

/** Processes of this machine. */
export class LocalRunner implements Runner {
  readonly #around: LocalSurroundings;

  constructor(around: LocalSurroundings) {
    this.#around = around;
  }

  /** @throws {SupervisorError} `HOST_START_FAILED`, `BLACK_BOX_UNAVAILABLE`, `RUN_DIR_UNUSABLE`, `DIRECTORY_UNUSABLE` */
  start(request: RunRequest, listener: RunListener): Run {
    const { runId, runDir, boxDir, blackBoxBytes, maxMessageBytes, orphans } = this.#around;
    const { module, generation, settings } = request;
    const directory = findWorkingDirectory(module, settings.directory, this.#around);
    const problem = findDescriptorProblem(readDescriptorUse());
    if (problem) throw cannotStart(problem);
    makeRunDir(runDir);
    const address = { path: hostSocketPath(runDir), token: randomBytes(16).toString('hex') };
    const box = makeBox(boxDir, { runId, module, generation }, blackBoxBytes);
    let socket: HostSocket;
    try {
      socket = new HostSocket(address, 2 * maxMessageBytes + FRAME_SLACK_BYTES, listener);
    } catch (cause) {
      box.close();
      throw cannotStart(`no socket for it: ${(cause as Error).message}`, cause);
    }
    return new LocalRun({ settings, directory, box, address, socket, runId, orphans }, listener);
  }
}

function cannotStart(why: string, cause?: unknown): SupervisorError {
  return new SupervisorError('HOST_START_FAILED', `the host process could not be started: ${why}`, { cause });
}
