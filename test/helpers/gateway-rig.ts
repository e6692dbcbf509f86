/** A real supervisor with real modules, and a gateway before it. */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ConfigOptions } from '../../src/config/make.js';
import type { CoreConfig } from '../../src/config/types.js';
import type { GatewayLimits } from '../../src/gateway/limits.js';
import { GatewayServer } from '../../src/gateway/server.js';
import type { GatewayCore } from '../../src/gateway/types.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';
import type { Hello } from '../../src/wire/gateway/frames.js';
import { patientConfig } from './patient-config.js';
import { RawServer } from './raw-server.js';
import { makeTempDir } from './temp-dir.js';
import { TestSends } from './test-sends.js';

/** One for each test, which ends with it. */
export class GatewayRig {
  readonly directory = makeTempDir();
  readonly supervisor: Supervisor;
  readonly sends = new TestSends();
  readonly warnings: string[] = [];
  readonly #config: CoreConfig;
  readonly #servers: RawServer[] = [];
  #gateway: GatewayServer | null = null;

  private constructor(options: ConfigOptions) {
    this.#config = patientConfig(options);
    this.supervisor = new Supervisor(this.#config, { runDir: join(this.directory, 'run') });
    this.sends.tell = (params, status, options) => this.supervisor.tellSender(params, status, options);
  }

  /** Starts modules, and opens the gateway. */
  static async start(options: ConfigOptions = {}, limits: Partial<GatewayLimits> = {}): Promise<GatewayRig> {
    const rig = new GatewayRig(options);
    onTestFinished(() => rig.#close());
    const { refused } = await rig.supervisor.start();
    if (refused[0]) throw refused[0].error;
    await rig.open(limits);
    return rig;
  }

  get path(): string {
    return join(this.directory, 'run/gateway.sock');
  }

  get gateway(): GatewayServer {
    if (this.#gateway === null) throw new Error('no gateway is open');
    return this.#gateway;
  }

  /** Opens the gateway. */
  async open(limits: Partial<GatewayLimits> = {}, path = this.path): Promise<GatewayServer> {
    const { maxMessageBytes, chainDeadlineMs } = this.#config;
    this.#gateway = await GatewayServer.open({
      path,
      core: coreOf(this.supervisor),
      sends: this.sends,
      maxMessageBytes,
      chainDeadlineMs,
      warn: (text) => this.warnings.push(text),
      limits,
    });
    return this.#gateway;
  }

  /** A connection that says nothing. */
  async dial(encoding: 'protobuf' | 'json' = 'protobuf'): Promise<RawServer> {
    const server = await RawServer.dial(this.path, encoding);
    this.#servers.push(server);
    return server;
  }

  /** A server that is welcome. */
  async join(hello: Partial<Hello> = {}, encoding: 'protobuf' | 'json' = 'protobuf'): Promise<RawServer> {
    const { server } = await RawServer.join(this.path, hello, encoding);
    this.#servers.push(server);
    return server;
  }

  async #close(): Promise<void> {
    for (const server of this.#servers) server.end();
    this.#gateway?.retire();
    await this.supervisor.stop();
    await this.#gateway?.close();
  }
}

/** A supervisor as the gateway sees it. */
function coreOf(supervisor: Supervisor): GatewayCore {
  return {
    submit: (event, origin, taker) => supervisor.submit(event, origin, taker),
    callbacks: () => [...new Set(supervisor.status().modules.flatMap(({ callbacks }) => callbacks))],
    onCallbacks: (listener) => {
      supervisor.on('lifecycle', listener);
      return () => supervisor.off('lifecycle', listener);
    },
  };
}
