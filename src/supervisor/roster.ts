/** The modules of a supervisor, in the order of the chain, each with the socket that its hosts connect to. */

import type { ModuleSpec } from '../config/types.js';
import { requireKnown } from '../module-names.js';
import { Module, type ModuleSurroundings } from './module.js';
import { ModuleSocket } from './module-socket.js';
import type { ModuleEvents } from './output/module-news.js';
import { socketPath } from './run-dir.js';

/** What modules share. */
export type SharedSurroundings = Omit<ModuleSurroundings, 'socket' | 'endpoint'>;

/** Room in a frame beside the payload: addresses, parameters, and the records that came before it. */
const FRAME_SLACK_BYTES = 2 * 1024 * 1024;

/** Every module there is, and those of them that are in the chain. */
export class Roster {
  #around: SharedSurroundings;
  readonly #events: ModuleEvents;
  readonly #members = new Map<Module, { socket: ModuleSocket; endpoint: string }>();
  readonly #uses = new Map<string, number>();
  #chain: readonly Module[] = [];

  constructor(around: SharedSurroundings, events: ModuleEvents) {
    this.#around = around;
    this.#events = events;
  }

  /** In order. Never changed in place: whoever goes through it keeps what it was when he began. */
  get chain(): readonly Module[] {
    return this.#chain;
  }

  /** Those of the chain, those that are about to join it, and those that have left it and are not gone yet. */
  get all(): Module[] {
    return [...this.#members.keys()];
  }

  /** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was meant, most likely. */
  find(name: string): Module {
    requireKnown(
      name,
      this.#chain.map(({ name }) => name),
    );
    return this.#chain.find((module) => module.name === name) as Module;
  }

  /**
   * Makes a module, which joins the chain by {@link arrange}.
   *
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`.
   */
  async add(spec: ModuleSpec): Promise<Module> {
    // A path of its own each time: libzmq removes the file of a socket that was closed in its own time.
    const use = (this.#uses.get(spec.name) ?? 0) + 1;
    this.#uses.set(spec.name, use);
    const path = socketPath(this.#around.runDir, `module-${spec.name}${use === 1 ? '' : `-${use}`}`);
    const socket = new ModuleSocket(2 * this.#around.maxMessageBytes + FRAME_SLACK_BYTES);
    const member = { socket, endpoint: `ipc://${path}` };
    const module = new Module(spec, { ...this.#around, ...member }, this.#events);
    this.#members.set(module, member);
    await socket.open(path);
    return module;
  }

  /** Puts modules into the chain, in this order; every other one is in it no more. */
  arrange(names: readonly string[]): void {
    const members = this.all;
    const chain = names.map((name) => members.findLast((module) => module.name === name)).filter((module) => !!module);
    // The same chain stays the same object: another one is another route, which messages wait for.
    const isSame = chain.length === this.#chain.length && chain.every((module, i) => module === this.#chain[i]);
    if (!isSame) this.#chain = chain;
  }

  /** What a module's next hosts run with. */
  surroundingsOf(module: Module): ModuleSurroundings {
    const member = this.#members.get(module);
    if (!member) throw new Error(`module ${module.name} is gone`);
    return { ...this.#around, ...member };
  }

  /** Takes what all modules share from now on; those there are get it with {@link surroundingsOf}. */
  share(changed: Pick<SharedSurroundings, 'heartbeatMs' | 'queueBytes'>): void {
    this.#around = { ...this.#around, ...changed };
  }

  /** Stops a module that is not in the chain, and forgets it. */
  async remove(module: Module): Promise<void> {
    await module.stop();
    this.#members.get(module)?.socket.close();
    this.#members.delete(module);
  }

  /** Once every module has stopped. */
  close(): void {
    for (const { socket } of this.#members.values()) socket.close();
    this.#members.clear();
  }
}
