/** A core whose module is the fixture `confined`, run by this user or by another one. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { ChildCore } from '../../helpers/child-core.js';
import { fixture } from '../core.js';

/** A user who is in no file of the system, and has no other process. */
export const UID = 12_346;
export const isRoot = process.geteuid?.() === 0;
/** What keeps a fork bomb from this machine if the limit that is tested does not hold. */
const CEILING = 400;

/** Whether a command succeeds here. */
export function works(...words: string[]): boolean {
  const [program = '', ...args] = words;
  return spawnSync(program, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** A folder that other users may enter, with a core in it. */
export class ConfinedCore {
  readonly folder = mkdtempSync(join(tmpdir(), 'mm-'));
  core!: ChildCore;

  /** @param uid - of the core; only root can give it another than its own */
  static async start(settings: Partial<ModuleOptions>, uid: number | null = null): Promise<ConfinedCore> {
    const confined = new ConfinedCore();
    chmodSync(confined.folder, 0o755);
    if (uid !== null) chownSync(confined.folder, uid, uid);
    const become = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const module = {
      name: 'confined',
      path: fixture('confined'),
      abi: 'table',
      deadlineMs: 60_000,
      ...settings,
    } as const;
    confined.core = await ChildCore.start({
      runDir: join(confined.folder, 'run'),
      stateDir: join(confined.folder, 'state'),
      modules: [{ startTimeoutMs: 60_000, ...module }],
      spareHosts: 0,
      prefix: ['prlimit', `--nproc=${CEILING}`, ...become],
    });
    return confined;
  }

  /** Gives the module a text; resolves with what it logged about it. */
  async tell(text: string): Promise<string[]> {
    const before = this.core.logs.length;
    await this.core.outcome(text);
    return this.core.logs.slice(before).flatMap(({ source, text }) => (source === 'module' ? [text.trim()] : []));
  }

  /** Gives the module a text that ends it; resolves with the death. */
  async end(text: string) {
    const before = this.core.lives('exited').length;
    this.core.send(text);
    await this.core.until(() => this.core.lives('exited').length > before);
    return this.core.lives('exited')[before];
  }

  /** Resolves when a module serves again after so many deaths. */
  async servesAfter(deaths: number): Promise<void> {
    await this.core.until(() => this.core.lives('ready').length > deaths);
  }

  /** What the log says of a module that does not start. */
  get errors(): string[] {
    return this.core.logs.flatMap(({ level, source, text }) => (source === 'supervisor' && level === 0 ? [text] : []));
  }

  async close(): Promise<void> {
    await this.core.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** The processes of a user that run. */
export function processesOf(uid: number): string[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '-u', `${uid}`], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  } catch {
    // There are none.
    return [];
  }
}
