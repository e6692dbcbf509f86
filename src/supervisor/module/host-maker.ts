/** Makes the hosts of one module, and counts them. */

import type { ModuleSpec } from '../../config/types.js';
import type { HostFile } from '../builds/host-file.js';
import { Host, type HostSurroundings } from '../host/host.js';
import type { HostListener } from '../host/host-listener.js';
import type { ModuleNews } from '../news/module-news.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import { Launch, type LaunchOptions } from './launch.js';

/** What hosts are made with. */
export interface HostMakerOptions {
  news: ModuleNews;
  /** Whose hosts they are. */
  replica: number;
  /** As it is for the next host. */
  around: () => HostSurroundings & { abis: AbiMemory };
  /** Who hears of them. */
  listener: () => HostListener<Host>;
  generations: Generations;
  /** A host was made; its number. */
  made: (generation: number) => void;
}

/**
 * Counts the hosts of all modules that have or had a name, in one run of a core. A module that is removed and added again
 * continues its count. Its earlier sends and its black box, which may still exist, are named by the generation.
 */
export interface Generations {
  last: number;
}

/** The hosts of one replica, one generation after the other. */
export class HostMaker {
  readonly #options: HostMakerOptions;
  /** Other replicas make hosts too, and count on. */
  #generation: number;

  constructor(options: HostMakerOptions) {
    this.#options = options;
    this.#generation = options.generations.last;
  }

  /** The number of its newest host; as long as it has made none, of the newest host of the module. 0: there was none. */
  get generation(): number {
    return this.#generation;
  }

  /** A start by these settings, which is yet to begin. */
  launch(spec: ModuleSpec, choose: LaunchOptions['choose']): Launch {
    const { abis } = this.#options.around();
    return new Launch({ spec, abis, choose, spawn: (spec, file, options) => this.#spawn(spec, file, options) });
  }

  /** @throws SupervisorError when no process can be had */
  #spawn(spec: ModuleSpec, file: HostFile, options: { isFresh: boolean }): Host {
    const { news, around, listener, generations, made } = this.#options;
    const of = { ...options, replica: this.#options.replica };
    const host = new Host(generations.last + 1, spec, file, around(), listener(), of);
    generations.last = host.generation;
    this.#generation = host.generation;
    made(host.generation);
    news.spawned(host);
    if (host.remark !== null) news.warn(host.generation, host.remark);
    return host;
  }
}
