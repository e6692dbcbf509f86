/**
 * What hosts leave behind when they die, while the core lives: processes that left the host's process group, by setsid
 * or by a double fork. As a subreaper the core becomes their parent.
 */

import { IllegalStateError } from '../../../../errors.js';
import { reapChild, setSubreaper } from '../../../../libc.js';
import { hasVariable, type ProcessName, readChildren, readLockLimit, readRunning, readTree } from '../../../../proc.js';
import type { Ending } from '../../runner.js';
import { endingEffects, endProcesses } from './end-processes.js';
import { OwnChildren } from './own-children.js';

/** Whether a supervisor in this process already adopts: of two, each would end what the other has inherited. */
let isTaken = false;

/**
 * The inherited children of this process. At most one instance in a process. It waits for and ends every child that Node did
 * not start on this thread and that was not there from the beginning.
 */
export class Orphans {
  readonly #own = new OwnChildren();
  /** Code that started them in this process before it became a core may wait for them. */
  #older: readonly number[] = readChildren(process.pid);
  readonly #endings = new Set<Promise<Ending>>();
  #scheduled = false;
  readonly #onChildEnd = () => {
    // One look for all that end in a turn.
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#reap());
  };

  /**
   * @throws {IllegalStateError} when there is one already
   * @throws Error when the system refuses
   */
  constructor() {
    if (isTaken) {
      const remedy = 'give that option to one of them';
      throw new IllegalStateError('ILLEGAL_STATE', `start: another supervisor here is the subreaper`, { remedy });
    }
    setSubreaper(true);
    isTaken = true;
    process.on('SIGCHLD', this.#onChildEnd);
  }

  /** Ends everything that a dead host left, which it had started by itself or by others. */
  endOf(token: string, mark: bigint): Promise<Ending> {
    return this.#end(async () => {
      const trees: number[][] = [];
      for (const pid of this.#inherited()) {
        // A descendant of a marked process belongs to it, even if it has changed its own mark.
        if (readLockLimit(pid) === mark || (await hasVariable(pid, 'MESIBO_TOKEN', [token]))) trees.push(readTree(pid));
      }
      return running(trees.flat());
    });
  }

  /** Ends all that is left, even processes of unknown origin, and stops adopting. */
  async close(): Promise<Ending> {
    await Promise.allSettled(this.#endings);
    const ending = await this.#end(async () => running(this.#inherited().flatMap(readTree)));
    process.off('SIGCHLD', this.#onChildEnd);
    this.#reap();
    this.#own.close();
    setSubreaper(false);
    isTaken = false;
    return ending;
  }

  #end(find: () => Promise<ProcessName[]>): Promise<Ending> {
    const ending = endProcesses(endingEffects(find));
    this.#endings.add(ending);
    return ending.finally(() => this.#endings.delete(ending));
  }

  #inherited(): number[] {
    const children = readChildren(process.pid);
    // Perhaps they cannot be read now. The older ones must not be forgotten, or they would count as orphans.
    if (children.length === 0) return [];
    this.#older = this.#older.filter((pid) => children.includes(pid));
    return children.filter((pid) => !this.#own.has(pid) && !this.#older.includes(pid));
  }

  /** By pid, one at a time: a wait for any child would steal the exit code of one that Node waits for. */
  #reap(): void {
    this.#scheduled = false;
    for (const pid of this.#inherited()) reapChild(pid);
  }
}

function running(pids: number[]): ProcessName[] {
  return pids.map(readRunning).filter((found) => found !== null);
}
