/** Those outside who are told how the core fares: the program of on_event, and the service manager. */

import { performance } from 'node:perf_hooks';
import type { CoreConfig } from '../config/types.js';
import type { Directories } from '../directories.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { CoreLog } from './core-log.js';
import { CoreEvents } from './events/core-event.js';
import { EventProgram } from './events/event-program.js';
import { ServiceManager } from './service-manager.js';

/** Follows a supervisor and tells of it. */
export class Onlookers {
  readonly #supervisor: Supervisor;
  readonly #program: EventProgram;
  readonly #manager: ServiceManager;
  readonly #events = new CoreEvents();
  #recovery: NodeJS.Timeout | undefined;

  constructor(supervisor: Supervisor, config: CoreConfig, options: Directories & { log: CoreLog }) {
    const { runDir, stateDir, log } = options;
    this.#supervisor = supervisor;
    const say = log.say.bind(log);
    this.#program = new EventProgram({ path: config.onEvent, runDir, stateDir, say });
    this.#manager = new ServiceManager(process.env, process.pid);
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name];
    supervisor.on('lifecycle', (lived) => {
      const event = this.#events.read(lived, performance.now(), Date.now());
      if (event) this.#program.tell(event);
      this.#lookForRecovered();
      if (lived.kind === 'module') this.#tellStatus();
    });
  }

  starting(): void {
    this.#manager.starting();
  }

  serving(): void {
    this.#manager.ready();
    this.#tellStatus();
  }

  stopping(): void {
    this.#manager.stopping();
  }

  reloading(): void {
    this.#manager.reloading();
  }

  /** @param failure - why it changed nothing; `null`: it succeeded, and this is the configuration now */
  reloaded(failure: string | null, config: CoreConfig | null): void {
    this.#manager.reloaded();
    if (config) {
      this.#program.use(config.onEvent);
      this.#program.drop(null);
    }
    if (failure === null) return;
    const event = { event: 'reload-failed', module: null, generation: null, cause: null, signal: null } as const;
    this.#program.tell({ ...event, reason: failure, time: Date.now() });
  }

  async close(): Promise<void> {
    clearTimeout(this.#recovery);
    await this.#program.close();
    this.#manager.close();
  }

  #lookForRecovered(): void {
    clearTimeout(this.#recovery);
    for (const event of this.#events.recovered(performance.now(), Date.now())) this.#program.tell(event);
    const nextMs = this.#events.nextMs();
    if (nextMs === null) return;
    this.#recovery = setTimeout(() => this.#lookForRecovered(), Math.max(1, nextMs - performance.now()));
    this.#recovery.unref();
  }

  #tellStatus(): void {
    this.#manager.status(() => this.#supervisor.status());
  }
}
