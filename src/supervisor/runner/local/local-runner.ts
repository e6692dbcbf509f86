/** Starts hosts as processes of this machine, children of this one, each with a black box in shared memory. */

import { randomBytes } from 'node:crypto';
import { findDescriptorProblem, hasSpareDescriptors, readDescriptorUse } from '../../../descriptors.js';
import { SupervisorError } from '../../../errors.js';
import { Symbolizer } from '../../../stacks/symbolizer.js';
import { hostSocketPath, makeRunDir } from '../../directories/run-dir.js';
import type { PeerListener } from '../peer.js';
import type { Run, RunListener, Runner, RunRequest } from '../runner.js';
import { BOXES_KEPT_FREE, type BoxName, makeBox } from './black-box/box-file.js';
import { readFreeBytes } from './black-box/free-bytes.js';
import type { UnsafeBoxes } from './black-box/unsafe-boxes.js';
import type { Confinement } from './confine/confinement.js';
import { Confiner } from './confine/confiner.js';
import { environmentOf, moduleEnvironment, startEnvironment } from './environment.js';
import { HostSocket } from './host-socket.js';
import type { Orphans } from './leftovers/orphans.js';
import { LocalRun, type RunUse } from './local-run.js';
import { readInherited } from './spares/inherited.js';
import { fillersFor, type LaunchProfile, profileOf } from './spares/launch-profile.js';
import { Spares } from './spares/spares.js';
import { StartGate, type Urgency } from './start-gate.js';
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
  /** Keeps boxes of dead hosts that are not safe; `null`: all are. */
  unsafe: UnsafeBoxes | null;
}

/** Where a process starts. */
interface Place {
  environment: Readonly<Record<string, string>>;
  directory: string;
  box: BoxName;
  urgency: Urgency;
  confinement: Confinement | null;
}

/** Room in a frame beside the payload: addresses, parameters, and the records that came before it. */
const FRAME_SLACK_BYTES = 2 * 1024 * 1024;

/** Processes of this machine. */
export class LocalRunner implements Runner {
  readonly #around: LocalSurroundings;
  readonly #spares = new Spares((profile, use) => this.#startSpare(profile, use));
  readonly #gate = new StartGate();
  readonly #symbolizer = new Symbolizer();
  readonly #confiner: Confiner;
  #spareNumber = 0;

  constructor(around: LocalSurroundings) {
    this.#around = around;
    this.#confiner = new Confiner(around);
  }

  /** @throws {SupervisorError} `HOST_START_FAILED`, `BLACK_BOX_UNAVAILABLE`, `RUN_DIR_UNUSABLE`, `DIRECTORY_UNUSABLE`, `CONFINEMENT_UNAVAILABLE` */
  start(request: RunRequest, listener: RunListener): Run {
    const { module, generation, settings } = request;
    const { path: directory, problem } = findWorkingDirectory(module, settings.directory, this.#around);
    const confinement = this.#confiner.confine(settings, directory);
    const given = moduleEnvironment(settings, environmentOf(process.env, confinement?.account ?? null));
    const environment = startEnvironment(given, settings.staticTlsBytes);
    // No spare process is confined as this module asks for it.
    const profile = confinement === null ? profileOf({ environment, directory, ...readInherited() }) : null;
    const name = { runId: this.#around.runId, module, generation };
    const box: BoxName = settings.shadowOf === null ? name : { ...name, isShadow: true };
    const use = { logRate: settings.logRate, remark: problem, listener, ties: this.#spares.enter(profile) };
    const surroundings = { directory, environment: Object.entries(given).map(([key, value]) => ({ key, value })) };
    const become = (run: LocalRun) => run.become({ ...use, box, surroundings });
    const spare = request.isFresh ? null : this.#spares.take(profile, become);
    try {
      const urgency = generation > 1 ? 'next' : 'first';
      return spare ?? this.#startFirst({ environment, directory, box, urgency, confinement }, use);
    } catch (error) {
      confinement?.close();
      use.ties.closed();
      throw error;
    }
  }

  keepSpares(count: number): void {
    this.#spares.keep(count);
  }

  async close(): Promise<void> {
    await this.#spares.close();
    this.#around.unsafe?.close();
  }

  /** Spares have to make room for a start of a module. */
  #startFirst(place: Place, use: RunUse): LocalRun {
    try {
      return this.#start(place, use);
    } catch (error) {
      if (!this.#spares.clear()) throw error;
      return this.#start(place, use);
    }
  }

  #startSpare({ environment, directory, room, inherited }: LaunchProfile, use: RunUse): LocalRun {
    const { boxDir, blackBoxBytes } = this.#around;
    if (inherited !== readInherited().inherited) throw cannotStart('this process is another than that of the profile');
    if (!hasSpareDescriptors(readDescriptorUse())) throw cannotStart('descriptors are short');
    if (readFreeBytes(boxDir) < (1 + BOXES_KEPT_FREE) * blackBoxBytes) throw cannotStart('memory is short');
    this.#spareNumber += 1;
    const box = { runId: this.#around.runId, module: null, generation: this.#spareNumber };
    const place = {
      environment: { ...environment, ...fillersFor(room) },
      directory: directory ?? this.#around.runDir,
      box,
      urgency: 'spare',
      confinement: null,
    } as const;
    return this.#start(place, use);
  }

  #start({ box: name, ...place }: Place, use: RunUse): LocalRun {
    const { runId, runDir, boxDir, blackBoxBytes, orphans, unsafe } = this.#around;
    const problem = findDescriptorProblem(readDescriptorUse());
    if (problem) throw cannotStart(problem);
    makeRunDir(runDir);
    const address = {
      path: hostSocketPath(place.confinement?.socketFolder ?? runDir),
      token: randomBytes(16).toString('hex'),
    };
    const box = makeBox(boxDir, name, blackBoxBytes);
    let socket: HostSocket;
    try {
      socket = this.#makeSocket(address, use.listener);
    } catch (cause) {
      box.close();
      throw cannotStart(`no socket for it: ${(cause as Error).message}`, cause);
    }
    const all = { gate: this.#gate, symbolizer: this.#symbolizer };
    return new LocalRun({ ...place, box, address, socket, runId, orphans, unsafe, ...all }, use);
  }

  #makeSocket(address: { path: string; token: string }, listener: PeerListener): HostSocket {
    return new HostSocket(address, 2 * this.#around.maxMessageBytes + FRAME_SLACK_BYTES, listener);
  }
}

function cannotStart(why: string, cause?: unknown): SupervisorError {
  return new SupervisorError('HOST_START_FAILED', `the host process could not be started: ${why}`, { cause });
}
