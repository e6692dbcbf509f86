/** The core's end of the socket for chat servers. */

import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { SupervisorError } from '../errors.js';
import { readDescriptorLimit } from '../libc.js';
import { VERSION } from '../paths.js';
import type { SendSource } from '../sends/types.js';
import { Names } from '../servers/names.js';
import { SocketListener } from '../unix-socket/listener.js';
import { requireShort } from '../unix-socket/path.js';
import { EVENT_KINDS } from '../wire/event-kinds.js';
import { failureOf } from '../wire/gateway/frames.js';
import { GatewayGroup } from './group.js';
import { type GatewayLimits, gatewayLimits } from './limits.js';
import { Sessions } from './sessions.js';
import { findIntrusion, requirePlace, unusable } from './socket-file.js';
import type { GatewayClient, GatewayCore } from './types.js';

/** How a gateway is set up. */
export interface GatewayServerOptions {
  /** Absolute; the folder must exist. */
  path: string;
  /** Its members may connect too, and are let through `ownFolder` where that is on the way; the default is none. */
  group?: { name: string; ownFolder: string } | null;
  core: GatewayCore;
  /** What modules sent, for servers that take it. */
  sends: SendSource;
  /** The names of all doors, because a name can be taken only once. Default: the gateway is the only door. */
  names?: Names;
  /** The largest payload that the core takes, in bytes. */
  maxMessageBytes: number;
  /** Within it the core decides on an event; a function where it may change. */
  chainDeadlineMs: number | (() => number);
  /** Takes one readable line about something that went wrong. */
  warn: (text: string) => void;
  /** Other bounds than the usual. */
  limits?: Partial<GatewayLimits>;
}

/** How long the last outcomes may take to leave once the core ends. */
const LINGER_MS = 500;
/** How often servers that cannot be understood or let in are reported. */
const WARN_EVERY_MS = 10_000;
const NURSERY = '.g';
/** The callbacks that events are for; modules have others too. */
const EVENT_CALLBACKS: ReadonlySet<string> = new Set(Object.values(EVENT_KINDS).map(({ callback }) => callback));

/** Lets chat servers in. A server that is gone, slow or sends nonsense cannot hurt the core or another server. */
export class GatewayServer {
  readonly #listener: SocketListener;
  readonly #sessions: Sessions;
  readonly #warnTo: (text: string) => void;
  readonly #group: GatewayGroup | null;
  /** What the group is let through; `null`: nothing of it is this core's. */
  readonly #ownFolder: string | null;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #isRetired = false;
  #isClosed = false;

  private constructor(options: GatewayServerOptions) {
    const { path, group = null, core, sends, names = new Names(), maxMessageBytes, chainDeadlineMs } = options;
    requireShort(path, 'choose a shorter run directory, or set "gateway" to a shorter path');
    requireShort(join(dirname(path), `${NURSERY}${process.pid}`, 's'), 'set "gateway" to a shorter path');
    this.#warnTo = options.warn;
    this.#group = group && new GatewayGroup(group.name, path);
    this.#ownFolder = group !== null && path.startsWith(`${group.ownFolder}/`) ? group.ownFolder : null;
    const warn = (text: string) => this.#warn(text);
    this.#sessions = new Sessions({
      core,
      sends,
      names,
      limits: { ...gatewayLimits(maxMessageBytes, readDescriptorLimit()), ...options.limits },
      welcome: () => ({
        coreVersion: VERSION,
        maxMessage: maxMessageBytes,
        chainDeadlineMs: typeof chainDeadlineMs === 'number' ? chainDeadlineMs : chainDeadlineMs(),
        callbacks: core.callbacks().filter((callback) => EVENT_CALLBACKS.has(callback)),
      }),
      isStopping: () => this.#isRetired,
      warn,
    });
    this.#listener = new SocketListener({
      path,
      nursery: NURSERY,
      allowHalfOpen: true,
      admit: (born) => this.#group?.admitTo(born),
      connected: (socket: Socket) => this.#sessions.add(socket),
      failed: ({ message }) => warn(`a server could not be let in (${message}); it may try again`),
      cannot: (reason, cause) => (cause instanceof SupervisorError ? cause : unusable(path, reason, cause)),
    });
  }

  /**
   * Makes the socket and begins to answer.
   *
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `GATEWAY_UNUSABLE` when something stands in the way
   */
  static async open(options: GatewayServerOptions): Promise<GatewayServer> {
    const server = new GatewayServer(options);
    try {
      await server.#make();
      for (const problem of server.problems()) options.warn(problem);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Tells the servers about the present state, if the content of a Welcome has changed. */
  welcomeAgain(): void {
    this.#sessions.welcomeAgain();
  }

  /** Of the socket. */
  get path(): string {
    return this.#listener.path;
  }

  /** Whether servers that look for the socket find this core. */
  isThere(): boolean {
    return this.#isRetired || this.#listener.isThere();
  }

  /**
   * Makes the socket again, where somebody has removed or replaced it.
   *
   * @throws DirectoryError `GATEWAY_UNUSABLE` when something stands in the way
   */
  async restore(): Promise<void> {
    if (this.isThere()) return;
    await this.#make();
    // The stop may have begun meanwhile.
    if (this.#isRetired) this.#listener.close();
  }

  /** Why servers cannot connect, are not served, or may find another process than this core: a line each, with what to do. */
  problems(): string[] {
    if (this.#isRetired) return [];
    const ofPlace = [this.#group?.problem() ?? null, findIntrusion(this.path)].filter((problem) => problem !== null);
    return [...ofPlace, ...this.#sessions.problems()];
  }

  /** Everybody who is connected. */
  clients(): GatewayClient[] {
    return this.#sessions.describe();
  }

  /** Takes no more servers and no more events; those in progress still get their outcomes. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#listener.close();
    const message = 'the core is stopping: events in progress get their outcomes, and no others are taken';
    this.#sessions.tellAll(failureOf('CORE_STOPPING', message));
  }

  /** Ends all connections; outcomes already given may still leave. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.retire();
    this.#isClosed = true;
    await this.#sessions.close(failureOf('CORE_STOPPING', 'the core has stopped'), LINGER_MS);
  }

  async #make(): Promise<void> {
    await requirePlace(this.path);
    // Before the socket: it is there only when it can be reached.
    if (this.#ownFolder !== null) this.#group?.letThrough(this.#ownFolder);
    await this.#listener.open();
  }

  #warn(text: string): void {
    if (performance.now() - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = performance.now();
    this.#warnTo(`gateway: ${text}`);
  }
}
