/** The ways into a core from other processes: each is there as long as the core serves. */

import { ControlServer, type ControlServerOptions } from '../control/server.js';
import { GatewayServer, type GatewayServerOptions } from '../gateway/server.js';
import { HttpServer, type HttpServerOptions } from '../http/server.js';
import { Names } from '../servers/names.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { ServerStatus } from '../supervisor/types.js';
import { takeAll, takeAllInTurn } from '../to-the-end.js';
import { describeServers } from './describe-sends.js';

/** What doors are made with. */
export interface DoorsOptions extends Pick<ControlServerOptions, 'runDir' | 'warn'> {
  /** Keeps their files. */
  supervisor: Supervisor;
}

/** Opened one after the other, and closed likewise. */
export class Doors {
  readonly #options: DoorsOptions;
  /** A server's name is taken once, through whichever door. */
  readonly #names = new Names();
  #control: ControlServer | undefined;
  #gateway: GatewayServer | undefined;
  #http: HttpServer | undefined;
  #isRetired = false;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /**
   * Makes the control socket and begins to answer commands.
   *
   * @throws DirectoryError when something stands in the way
   */
  async openControl(options: Omit<ControlServerOptions, 'runDir' | 'warn'>): Promise<void> {
    const { runDir, warn } = this.#options;
    this.#control = await ControlServer.open({ ...options, runDir, warn });
    this.#keep(this.#control);
  }

  /**
   * Lets chat servers in.
   *
   * @throws DirectoryError when something stands in the way
   */
  async openGateway(options: Omit<GatewayServerOptions, 'warn' | 'names'>): Promise<void> {
    this.#gateway = await GatewayServer.open({ ...options, names: this.#names, warn: this.#options.warn });
    this.#keep(this.#gateway);
  }

  /**
   * Answers over HTTP.
   *
   * @throws DirectoryError when nothing can listen there
   */
  async openHttp(options: Omit<HttpServerOptions, 'warn' | 'names'>): Promise<void> {
    this.#http = await HttpServer.open({ ...options, names: this.#names, warn: this.#options.warn });
    this.#keep(this.#http);
  }

  /** Where it answers over HTTP, as a configuration would say it; `null`: nowhere. */
  get httpAddress(): string | null {
    return this.#http?.address ?? null;
  }

  /** Where chat servers connect; `null`: nowhere. */
  get gatewayPath(): string | null {
    return this.#gateway?.path ?? null;
  }

  /** Why chat servers that may connect cannot, in sentences. */
  problems(): string[] {
    return [...(this.#gateway?.problems() ?? []), ...(this.#http?.problems() ?? [])];
  }

  /** The chat servers that are connected. */
  servers(): ServerStatus[] {
    return describeServers([...(this.#gateway?.clients() ?? []), ...(this.#http?.clients() ?? [])]);
  }

  /** The configuration is another one. */
  reloaded(): void {
    this.#gateway?.welcomeAgain();
  }

  /** HTTP asks for another token from now on. @returns `false`: it is the one that it has, or there is no HTTP */
  changeToken(token: string | null): boolean {
    return this.#http?.changeToken(token) ?? false;
  }

  /** Lets nobody in any more; those who are connected are still answered. */
  retire(): void {
    this.#isRetired = true;
    takeAll(
      () => this.#control?.retire(),
      () => this.#gateway?.retire(),
      () => this.#http?.retire(),
    );
  }

  /** Ends what servers have here while their reports on sends can still be kept; outcomes may still leave. */
  async closeToServers(): Promise<void> {
    await takeAllInTurn(
      () => this.#gateway?.close(),
      () => this.#http?.close(),
    );
  }

  /** Ends all answering; what was answered may still leave. */
  async close(): Promise<void> {
    await takeAllInTurn(
      () => this.closeToServers(),
      () => this.#control?.close(),
    );
  }

  #keep(door: ControlServer | GatewayServer | HttpServer): void {
    // The stop may have begun while the socket was being opened.
    if (this.#isRetired) door.retire();
    else this.#options.supervisor.keepFile(door);
  }
}
