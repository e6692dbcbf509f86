/** Confines host processes as their modules ask for it, or says why that cannot be done here. */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { isConfined } from '../../../../config/confinement.js';
import type { ModuleSpec } from '../../../../config/types.js';
import { SupervisorError } from '../../../../errors.js';
import { listOrEmpty } from '../../../../or-empty.js';
import { HOST_RUNNER, PACKAGE_ROOT } from '../../../../paths.js';
import { isThere } from '../../../../proc.js';
import { type Account, findUser } from '../../../../users.js';
import { buildsFolder } from '../../../directories/builds-folder.js';
import type { WorkPlaces } from '../working-directory.js';
import { Confinement } from './confinement.js';
import { type Delegated, findDelegated } from './delegation.js';
import { HostGroup, removeOldGroups } from './host-group.js';
import { findPrograms } from './means.js';
import { type Needs, type Plan, planConfinement } from './plan.js';

/** The settings that confine. */
export type ConfinedSettings = Pick<ModuleSpec, 'path' | 'lookedFor' | 'directory' | 'env' | 'limits' | 'sandbox'>;

/** Where everything of a core is. */
export interface ConfinerPlaces extends WorkPlaces {
  /** Where any user can be given a folder. */
  boxDir: string;
}

const SOCKET_FOLDER = 'mesibo-modules-socket';
const OTHERS_PASS = 0o011;
const PROBE_MS = 10_000;
/** Says which of the files it cannot read, or which folder it cannot enter. */
const PROBE =
  'cd "$1" 2>/dev/null || { echo "it cannot enter $1" >&2; exit 3; }; shift; ' +
  'for f do [ -r "$f" ] || { echo "it cannot read $f" >&2; exit 3; }; done';

/** For all hosts of one core. */
export class Confiner {
  readonly #places: ConfinerPlaces;
  /** What was tried with success, as command lines. */
  readonly #tried = new Set<string>();
  #hasSwept = false;

  constructor(places: ConfinerPlaces) {
    this.#places = places;
  }

  /**
   * Prepares the confinement of one process.
   *
   * @param directory - the one that it works in
   * @returns `null`: it is not confined
   * @throws {SupervisorError} `CONFINEMENT_UNAVAILABLE`; then nothing of it is left
   */
  confine(settings: ConfinedSettings, directory: string): Confinement | null {
    if (!isConfined(settings)) return null;
    const { sandbox, limits } = settings;
    const delegated = findDelegated();
    this.#sweep(delegated);
    const socketFolder = join(this.#places.boxDir, `${SOCKET_FOLDER}-${process.pid}-${randomBytes(4).toString('hex')}`);
    const runDir = existsSync(this.#places.runDir) ? realpathSync(this.#places.runDir) : null;
    const needs: Needs = { directory, socketFolder, readable: this.#readable(settings), runDir };
    const account = sandbox.user === null ? null : findUser(sandbox.user);
    const isHere = (place: Delegated['pids']) => (typeof place === 'string' ? place : (true as const));
    const groups = { memory: isHere(delegated.memory), pids: isHere(delegated.pids) };
    const means = { uid: process.geteuid?.() ?? 0, programs: findPrograms(), groups, account };
    const planned = planConfinement({ limits, sandbox }, means, needs);
    if ('problems' in planned) throw unavailable(planned.problems.join('; '));
    const { plan } = planned;
    const hasFolder = plan.account !== null || plan.forks;
    let group: HostGroup | null = null;
    try {
      if (plan.account !== null) this.#letIn(plan.account, settings, directory);
      if (hasFolder) makeFolder(socketFolder, plan.account);
      if (plan.group !== null) group = makeGroup(plan.group, delegated);
      this.#try(plan, needs, settings);
    } catch (error) {
      if (hasFolder) rmSync(socketFolder, { recursive: true, force: true });
      void group?.close();
      throw error;
    }
    const folder = hasFolder ? socketFolder : null;
    return new Confinement({ plan, limits, group, shell: means.programs.sh, socketFolder: folder });
  }

  /** What the process reads, beside what every program needs. */
  #readable({ path, lookedFor }: ConfinedSettings): string[] {
    const { stateDir, runDir } = this.#places;
    const file = findFile(path, lookedFor);
    const folders = file === null ? [] : [dirname(file), dirname(tryToResolve(file))];
    const builds = buildsFolder(stateDir ?? runDir);
    return [...new Set([dirname(process.execPath), packagesFolder(), builds, ...folders])];
  }

  /** Lets another user reach what is the module's own in our folders. They stay closed to everybody who does not know a name in them. */
  #letIn({ uid, gid }: Account, { directory: configured }: ConfinedSettings, directory: string): void {
    const { stateDir, runDir } = this.#places;
    if (configured === null) {
      const base = [stateDir, runDir].find((base) => base !== null && isBelow(directory, resolve(base))) ?? null;
      if (base !== null) for (const folder of between(resolve(base), dirname(directory))) letPass(folder);
      chownSync(directory, uid, gid);
    }
  }

  /** Once for each way to start a process: what does not work here is told before anything is started. */
  #try({ wrappers, account }: Plan, { directory, socketFolder, readable }: Needs, settings: ConfinedSettings): void {
    if (wrappers.length === 0) return;
    const file = findFile(settings.path, settings.lookedFor);
    const files = [process.execPath, HOST_RUNNER, ...(file === null ? [] : [file])];
    const key = JSON.stringify([
      wrappers.map((word) => (word === socketFolder ? '' : word)),
      directory,
      readable,
      files,
    ]);
    if (this.#tried.has(key)) return;
    const [program = '', ...words] = [...wrappers, '/bin/sh', '-c', PROBE, 'sh', directory, ...files];
    const { status, stderr, error, signal } = spawnSync(program, words, {
      cwd: directory,
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
      // The last is where bwrap tells of its process.
      stdio: ['ignore', 'ignore', 'pipe', 'ignore', 'ignore', 'pipe'],
      timeout: PROBE_MS,
      encoding: 'utf8',
    });
    if (status === 0) {
      this.#tried.add(key);
      return;
    }
    const said = (error?.message ?? stderr.trim().split('\n').at(-1) ?? '').slice(0, 500);
    const why = said || (signal ? `it was ended by ${signal}` : `it ended with exit code ${status}`);
    const who = account === null ? '' : ` as user ${account.name ?? account.uid}`;
    throw unavailable(`a process cannot be started with these limits and this sandbox${who}: ${why}`);
  }

  /** What a killed core left. */
  #sweep(delegated: Delegated): void {
    if (this.#hasSwept) return;
    this.#hasSwept = true;
    removeOldGroups(delegated);
    const { boxDir } = this.#places;
    for (const name of listOrEmpty(boxDir)) {
      const pid = new RegExp(`^${SOCKET_FOLDER}-(\\d+)-[0-9a-f]{8}$`).exec(name)?.[1];
      if (pid !== undefined && !isThere(Number(pid))) tryToRemove(join(boxDir, name));
    }
  }
}

function makeFolder(path: string, account: Account | null): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    if (account !== null) chownSync(path, account.uid, account.gid);
  } catch (cause) {
    throw unavailable(`no folder for its socket can be made (${(cause as Error).message})`, cause);
  }
}

function makeGroup(limits: Plan['group'] & {}, delegated: Delegated): HostGroup {
  try {
    return new HostGroup(limits, delegated);
  } catch (cause) {
    throw unavailable(`no control group can be made for it (${(cause as Error).message})`, cause);
  }
}

function unavailable(what: string, cause?: unknown): SupervisorError {
  return new SupervisorError('CONFINEMENT_UNAVAILABLE', what, { cause });
}

function findFile(path: string | null, lookedFor: readonly string[]): string | null {
  return path ?? lookedFor.find((candidate) => existsSync(candidate)) ?? null;
}

/** Where the packages are that this one needs: the outermost node_modules, or this package. */
function packagesFolder(): string {
  const at = PACKAGE_ROOT.split(sep).indexOf('node_modules');
  return at < 0
    ? PACKAGE_ROOT
    : PACKAGE_ROOT.split(sep)
        .slice(0, at + 1)
        .join(sep);
}

function tryToResolve(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}${sep}`);
}

/** A folder, and those on the way to one below it. */
function between(folder: string, below: string): string[] {
  const names = below.slice(folder.length).split(sep).filter(Boolean);
  return [folder, ...names.map((_, at) => join(folder, ...names.slice(0, at + 1)))];
}

/** Only where this user may do that: the first process shows what is missing. */
function letPass(folder: string): void {
  try {
    const { mode } = statSync(folder);
    if ((mode & OTHERS_PASS) !== OTHERS_PASS) chmodSync(folder, (mode & 0o7777) | OTHERS_PASS);
  } catch {
    // It belongs to somebody else.
  }
}

function tryToRemove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Another core may be at it.
  }
}
