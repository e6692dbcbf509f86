/**
 * One start of a module: the first, one after a death, or that of a successor. It may take several processes, one after the
 * other: when the ABI of the file is found by trials, or when the file changes meanwhile. It ends when one is ready or when
 * none can be.
 */

import type { AbiName, ModuleSpec } from '../../config/types.js';
import type { SupervisorError } from '../../errors.js';
import type { Ready } from '../../wire/codec.js';
import type { HostFile } from '../builds/host-file.js';
import { Repeats } from '../builds/repeats.js';
import { isLostSpare } from '../host/death.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import { describeTry } from '../news/describe-death.js';
import { errorOfEnd } from '../news/host-error.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import { AbiSearch, type Found } from '../trials/abi-search.js';
import type { Offer } from '../trials/trial.js';

/** What a module is started with. */
export interface LaunchOptions {
  spec: ModuleSpec;
  abis: AbiMemory;
  /** Chooses the file of the next host. @throws SupervisorError when there is none */
  choose(spec: ModuleSpec, repeats: Repeats): HostFile;
  /** Starts one host. @throws SupervisorError when that cannot be */
  spawn(spec: ModuleSpec, file: HostFile, options: { isFresh: boolean }): Host;
}

/** What the death of one of its hosts means. */
export type LaunchStep =
  /**
   * Another host is started, for `reason`: this one tried a wrong ABI, its file changed, or its process was a spare that was
   * lost.
   */
  | { kind: 'next-try'; reason: string }
  /**
   * There will be none, for `error`. `isAsTold`: the module itself said why with another ABI, so a crash with this one, which was
   * wrong, needs no explanation.
   */
  | { kind: 'over'; error: SupervisorError; isAsTold: boolean };

const LOST_SPARE = 'its process, which had waited as a spare, ended before it loaded the module; another is started';

/** From its first host to one that is ready, or to none. */
export class Launch {
  readonly spec: ModuleSpec;
  readonly #options: LaunchOptions;
  readonly #repeats = new Repeats();
  readonly #search: AbiSearch;
  /** A second spare may be as bad. */
  #hasLostSpare = false;
  /** One of its hosts said why it cannot start. */
  #wasRefused = false;

  constructor(options: LaunchOptions) {
    this.spec = options.spec;
    this.#options = options;
    this.#search = new AbiSearch(options.abis);
  }

  /** Starts the next host. @throws SupervisorError when that cannot be */
  next(): Host {
    const { choose, spawn } = this.#options;
    return spawn(this.spec, choose(this.spec, this.#repeats), { isFresh: this.#hasLostSpare });
  }

  /** Chooses the ABI that its host tries. */
  choose(offer: Offer): AbiName {
    return this.#search.choose(offer);
  }

  /** Its host is ready: the launch has come to its end. */
  ready(host: Host, said: Ready): Found {
    return this.#search.find(said, host.tries, this.spec.abi);
  }

  /**
   * Its host has died before it was ready.
   *
   * @param isWanted - whether there should be another one
   */
  died(host: Host, end: HostEnd, isWanted: boolean): LaunchStep {
    const repeat = isWanted ? this.#repeats.after(host.file, end) : null;
    if (repeat !== null) return { kind: 'next-try', reason: repeat };
    if (isWanted && isLostSpare(end.facts)) {
      this.#hasLostSpare = true;
      return { kind: 'next-try', reason: LOST_SPARE };
    }
    this.#wasRefused ||= end.what.kind === 'refused';
    const tried = end.hasTried ? describeTry(end.facts) : null;
    if (tried === null) return { kind: 'over', error: errorOfEnd(end), isAsTold: false };
    const { next, none } = this.#search.fail(tried, end.code === 'MODULE_START_TIMEOUT');
    if (next !== null && isWanted) return { kind: 'next-try', reason: `${tried}; ${next} is tried now` };
    return { kind: 'over', error: errorOfEnd(end, none), isAsTold: this.#wasRefused };
  }
}
