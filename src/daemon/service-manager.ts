/** Reports to a service manager by the protocol of sd_notify, if there is one. */

import type { Core } from '../core/core.js';
import { sendDatagram } from '../libc.js';
import type { SupervisorStatus } from '../supervisor/types.js';

/** Of the core's environment. */
export interface NotifyEnvironment {
  NOTIFY_SOCKET?: string | undefined;
  WATCHDOG_USEC?: string | undefined;
  WATCHDOG_PID?: string | undefined;
}

const STATUS_EVERY_MS = 1000;
/** While it starts or stops, which may take as long as its modules take, it asks for this much more time... */
const EXTENSION_MS = 30_000;
/** ...this often. */
const EXTEND_EVERY_MS = 10_000;

/** Reports the state of the core to the service manager. It can neither fail nor wait. */
export class ServiceManager {
  readonly #socket: string | null;
  readonly #send: (path: string, text: string) => void;
  readonly #watchdog: NodeJS.Timeout | undefined;
  #extending: NodeJS.Timeout | undefined;
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';
  #status = '';
  #statusTimer: NodeJS.Timeout | undefined;

  /**
   * @param env - its variables are read, and are to be removed by the caller: they are not for children
   * @param pid - of this process
   */
  constructor(env: NotifyEnvironment, pid: number, send: (path: string, text: string) => void = sendDatagram) {
    const { NOTIFY_SOCKET: socket } = env;
    this.#socket = socket && /^[/@]./.test(socket) ? socket : null;
    this.#send = send;
    const everyMs = watchdogMs(env, pid);
    if (this.#socket === null || everyMs === null) return;
    // On the event loop, so that a stuck core stops reporting and is started again.
    this.#watchdog = setInterval(() => this.#tell('WATCHDOG=1'), everyMs);
    this.#watchdog.unref();
  }

  /** It starts: that may take a while. */
  starting(): void {
    this.#extend();
  }

  ready(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'serving';
    clearInterval(this.#extending);
    this.#tell('READY=1');
  }

  /** Reported only while it serves: a reload may also begin and end during a start or a stop. */
  reloading(): void {
    // CLOCK_MONOTONIC, as hrtime is.
    if (this.#phase === 'serving') this.#tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  reloaded(): void {
    if (this.#phase === 'serving') this.#tell('READY=1');
  }

  stopping(): void {
    this.#phase = 'stopping';
    this.#tell('STOPPING=1');
    this.#extend();
  }

  /** Reports the state of the modules when it has changed, at most once a second. */
  status(read: () => SupervisorStatus): void {
    if (this.#socket === null || this.#statusTimer) return;
    this.#statusTimer = setTimeout(() => {
      this.#statusTimer = undefined;
      const status = describeModules(read());
      if (status !== this.#status) this.#tell(`STATUS=${status}`);
      this.#status = status;
    }, STATUS_EVERY_MS);
    this.#statusTimer.unref();
  }

  close(): void {
    for (const timer of [this.#watchdog, this.#extending]) clearInterval(timer);
    clearTimeout(this.#statusTimer);
  }

  #extend(): void {
    if (this.#socket === null) return;
    clearInterval(this.#extending);
    const extend = () => this.#tell(`EXTEND_TIMEOUT_USEC=${EXTENSION_MS * 1000}`);
    extend();
    this.#extending = setInterval(extend, EXTEND_EVERY_MS);
    this.#extending.unref();
  }

  #tell(text: string): void {
    if (this.#socket !== null) this.#send(this.#socket, text);
  }
}

/** Reports the state of the core to the service manager of this process, from before its start to its end. */
export function takeServiceManager(core: Core): { serving(): void; close(): void } {
  const manager = new ServiceManager(process.env, process.pid);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name];
  const tellStatus = () => manager.status(() => core.status());
  core.on('lifecycle', ({ kind }) => {
    if (kind === 'module') tellStatus();
  });
  core.on('stopping', () => manager.stopping());
  core.on('reloading', () => manager.reloading());
  core.on('reloaded', () => manager.reloaded());
  manager.starting();
  const serving = () => {
    manager.ready();
    tellStatus();
  };
  return { serving, close: () => manager.close() };
}

/** The state of the modules, in a line. */
export function describeModules({ modules }: SupervisorStatus): string {
  const others = modules.filter(({ state }) => state !== 'serving' && state !== 'replacing');
  const serving = `${modules.length - others.length} of ${modules.length} modules serve`;
  return [serving, ...others.map(({ name, state }) => `${name}: ${state}`)].join('; ').slice(0, 1000);
}

/** Half of the time within which it must be heard; `null`: nobody listens for this process. */
function watchdogMs({ WATCHDOG_USEC: usec, WATCHDOG_PID: owner }: NotifyEnvironment, pid: number): number | null {
  if (!/^\d{1,15}$/.test(usec ?? '') || (owner && owner !== String(pid))) return null;
  const halfMs = Math.floor(Number(usec) / 2000);
  return halfMs >= 1 ? Math.min(halfMs, 2 ** 31 - 1) : null;
}
