/** Follows a core, and runs the program of `on_event` for what an operator may want to be woken for. */

import { performance } from 'node:perf_hooks';
import type { CoreConfig } from '../../config/types.js';
import type { CardKeeper } from '../../crashes/keeper.js';
import type { Directories } from '../../directories.js';
import type { Supervisor } from '../../supervisor/supervisor.js';
import type { CoreLog } from '../core-log.js';
import { CoreEvents } from './core-event.js';
import { EventLine } from './event-line.js';
import { EventProgram } from './event-program.js';

/** Makes events of what a supervisor announces, and of reloads. */
export class EventTeller {
  readonly #program: EventProgram;
  readonly #line: EventLine;
  readonly #events = new CoreEvents();
  #recovery: NodeJS.Timeout | undefined;

  constructor(
    supervisor: Supervisor,
    config: CoreConfig,
    options: Directories & { log: CoreLog; crashes: Pick<CardKeeper, 'finished'> },
  ) {
    const { runDir, stateDir, log, crashes } = options;
    this.#program = new EventProgram({ path: config.onEvent, runDir, stateDir, say: log.say.bind(log) });
    this.#line = new EventLine(
      (id) => crashes.finished(id),
      (event) => this.#program.tell(event),
    );
    supervisor.on('lifecycle', (lived) => {
      const event = this.#events.read(lived, performance.now(), Date.now());
      if (event) this.#line.add(event);
      this.#lookForRecovered();
    });
  }

  /** A reload succeeded, and this is the configuration now. */
  reloaded(config: CoreConfig): void {
    this.#program.use(config.onEvent);
    this.#line.drop(null);
    this.#program.drop(null);
  }

  /**
   * @param reason - why a reload changed nothing
   * @param module - the only one that it was for, because its file has changed
   */
  reloadFailed(reason: string, module: string | null = null): void {
    const event = {
      event: 'reload-failed',
      module,
      generation: null,
      replica: null,
      cause: null,
      signal: null,
      crash: null,
    } as const;
    this.#line.add({ ...event, reason, time: Date.now() });
  }

  close(): Promise<void> {
    clearTimeout(this.#recovery);
    this.#line.close();
    return this.#program.close();
  }

  #lookForRecovered(): void {
    clearTimeout(this.#recovery);
    for (const event of this.#events.recovered(performance.now(), Date.now())) this.#line.add(event);
    const nextMs = this.#events.nextMs();
    if (nextMs === null) return;
    this.#recovery = setTimeout(() => this.#lookForRecovered(), Math.max(1, nextMs - performance.now()));
    this.#recovery.unref();
  }
}
