/** The listener on a control socket: a core, or somebody else who has made a socket in its place. */

import { ControlError } from '../../errors.js';
import { readRunning } from '../../proc.js';
import { coreCommand, sentence } from '../../sentence.js';
import { readCoreLock, readNamedCore } from '../core-lock.js';

/** How long a core that is ending may still be seen after its connections are closed. */
const END_LIMIT_MS = 1_000;
const LOOK_MS = 20;

/** The other end of a connection, and the error when it does not answer as it should. */
export class Counterpart {
  readonly #runDir: string;
  /** The process that ran when this began, and that the lock named. */
  readonly #named: number | null;
  #hasAnswered = false;

  /** @throws DirectoryError `RUN_DIR_UNUSABLE` when the lock cannot be read, or may be a stranger's */
  constructor(runDir: string) {
    this.#runDir = runDir;
    const { pid } = readNamedCore(runDir);
    this.#named = pid !== null && readRunning(pid) !== null ? pid : null;
  }

  /** It has answered a request: it is a core. */
  answered(): void {
    this.#hasAnswered = true;
  }

  /** It did not answer in time. */
  async silent(): Promise<ControlError> {
    if (!(await this.#isCore())) return this.#noCore();
    const { pid, kind } = readNamedCore(this.#runDir);
    const end = kind === 'daemon' ? 'end the process' : 'end the program that it is in';
    return new ControlError(
      'CORE_SILENT',
      `the core serving ${this.#runDir}${pid === null ? '' : ` (pid ${pid})`} did not answer in time`,
      { remedy: sentence`see: ${coreCommand('logs')}, or ${end}` },
    );
  }

  /** It closed the connection. */
  async lost(): Promise<ControlError> {
    if (!(await this.#isCore())) return this.#noCore();
    const what = `the core serving ${this.#runDir} closed the connection before it had answered`;
    return new ControlError('CORE_SILENT', what, { remedy: sentence`see: ${coreCommand('logs')}` });
  }

  /** It sent something that is not an answer. */
  async misunderstood(cause?: unknown): Promise<ControlError> {
    if (!(await this.#isCore())) return this.#noCore(cause);
    const what = `the core serving ${this.#runDir} answered with something else`;
    return new ControlError('CORE_INCOMPATIBLE', what, { remedy: 'is it of another version?', cause });
  }

  #noCore(cause?: unknown): ControlError {
    const what = `something that is not a core listens in ${this.#runDir}: no process holds that directory`;
    return new ControlError('CORE_INCOMPATIBLE', what, { remedy: 'check --run-dir', cause });
  }

  /**
   * A core has answered, or holds the run directory, or has held it and ended meanwhile. The lock is asked for only here: a
   * client whose requests are answered never needs to know.
   */
  async #isCore(): Promise<boolean> {
    const end = performance.now() + END_LIMIT_MS;
    while (!this.#hasAnswered && !(await readCoreLock(this.#runDir)).held) {
      if (this.#named === null) return false;
      // The process of a killed core gives up its lock before it is gone.
      if (readRunning(this.#named) === null) break;
      if (performance.now() >= end) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.#hasAnswered = true;
    return true;
  }
}
