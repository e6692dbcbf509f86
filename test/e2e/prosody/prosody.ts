/** A Prosody of a test's own: its configuration, its data and its ports are nobody else's. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { Waiting } from '../../helpers/waiting.js';

export const HOST = 'localhost';
export const ROOMS = 'rooms.localhost';

/** Why there can be no test; `null`: Prosody is installed. */
export const MISSING =
  spawnSync('prosodyctl', ['--version'], { stdio: 'ignore' }).error === undefined
    ? null
    : 'prosody is not installed: apt-get install prosody lua-socket';

/** What a test sets. */
export interface ProsodyOptions {
  /** The socket of the core. */
  socket: string;
  /** Options of mod_mesibo_modules, as Lua: `{ queue: '10' }` is `mesibo_modules_queue = 10`. */
  options?: Record<string, string>;
  /** More options of the whole server, as Lua. */
  globals?: string;
  /** Where there are more hosts, or other things: the end of the configuration. */
  more?: string;
  /** Modules of Prosody beside those that all tests have. */
  modules?: string[];
  /** Modules of the component that has the rooms. */
  roomModules?: string[];
  /** Names; where the host is another one, whole addresses. All have the password `secret`. */
  users?: string[];
}

/** Another process may take the port between the moment it was found free and its use. */
const TRIES = 5;

/** Starts one, and waits until clients can connect. It ends with the test. */
export async function startProsody(options: ProsodyOptions): Promise<Prosody> {
  for (let left = TRIES; ; left--) {
    const prosody = new Prosody(options, await findFreePort());
    if (await prosody.start()) return prosody;
    if (left === 1) throw new Error(`Prosody did not start:\n${prosody.log.join('\n')}`);
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The process, and what it logs. */
export class Prosody {
  readonly dir = makeTempDir();
  readonly port: number;
  readonly log: string[] = [];
  readonly #options: ProsodyOptions;
  #child: ChildProcess | null = null;
  readonly #waiting = new Waiting();

  constructor(options: ProsodyOptions, port: number) {
    this.#options = options;
    this.port = port;
    this.#write();
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** Runs it; `false` when the port is taken. */
  async start(): Promise<boolean> {
    const child = spawn('prosody', ['-F', '--config', join(this.dir, 'prosody.cfg.lua')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => this.#note(line));
    child.once('exit', () => this.#waiting.fail(new Error(`Prosody has ended:\n${this.log.slice(-20).join('\n')}`)));
    const at = this.log.length;
    const said = () => this.log.slice(at).join('\n');
    await this.until(() => /Activated service 'c2s' on \[|Failed to open server port/.test(said()));
    return !said().includes('Failed to open server port');
  }

  /** Resolves when the log has a line like this, from there on. */
  async logged(pattern: RegExp, from = 0): Promise<string> {
    const find = () => this.log.slice(from).find((line) => pattern.test(line));
    await this.until(() => find() !== undefined);
    return find() as string;
  }

  /** Resolves when the condition holds; it is looked at with each line of the log. */
  until(holds: () => boolean): Promise<void> {
    return this.#waiting.until(holds);
  }

  /** Runs a command of `prosodyctl shell`, and returns what it prints. */
  shell(command: string): Promise<string> {
    return this.#tell(command.split(' '));
  }

  /** Evaluates Lua in the running server. */
  evaluate(expression: string): Promise<string> {
    return this.#tell([`>${expression}`]);
  }

  /** Once in a while prosodyctl does not end, though it has its answer. */
  async #tell(command: string[]): Promise<string> {
    const args = ['--config', join(this.dir, 'prosody.cfg.lua'), 'shell', ...command];
    const child = spawn('prosodyctl', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    await once(child, 'close');
    return text;
  }

  /** How often something happened, as the module counts it. */
  async counted(name: string): Promise<number> {
    const said = await this.evaluate(
      `return "count=" .. prosody.hosts["${HOST}"].modules.mesibo_modules.module:shared("/*/mesibo_modules/counters").${name}`,
    );
    return Number(/count=(\d+)/.exec(said)?.[1]);
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #note(line: string): void {
    this.log.push(line);
    if (/Error initializing module|[Tt]raceback/.test(line)) this.#waiting.fail(new Error(line));
    this.#waiting.look();
  }

  #write(): void {
    const {
      socket,
      options = {},
      globals = '',
      more = '',
      modules = [],
      roomModules = [],
      users = ['alice', 'bob'],
    } = this.#options;
    const own = Object.entries(options).map(([name, value]) => `mesibo_modules_${name} = ${value}`);
    const list = (names: string[]) => names.map((name) => `"${name}";`).join(' ');
    const enabled = list([
      ...['roster', 'saslauth', 'disco', 'carbons', 'mam', 'blocklist', 'offline', 'ping'],
      ...['admin_socket', 'admin_shell', 'mesibo_modules', ...modules],
    ]);
    writeFileSync(
      join(this.dir, 'prosody.cfg.lua'),
      `
run_as_root = true
pidfile = "${this.dir}/prosody.pid"
data_path = "${this.dir}/data"
certificates = "${this.dir}"
plugin_paths = { "${join(PACKAGE_ROOT, 'bridges/prosody')}" }
admin_socket = "${this.dir}/prosody.sock"
modules_enabled = { ${enabled} }
modules_disabled = { "s2s"; "tls"; "http"; }
authentication = "internal_plain"
c2s_require_encryption = false
c2s_interfaces = { "127.0.0.1" }
c2s_ports = { ${this.port} }
c2s_direct_tls_ports = { }
http_ports = { }
https_ports = { }
log = { info = "*console" }
mesibo_modules_socket = "${socket}"
${own.join('\n')}
${globals}
VirtualHost "${HOST}"
Component "${ROOMS}" "muc"
muc_room_locking = false
modules_enabled = { "muc_mam"; ${list(roomModules)} "mesibo_modules"; }
${more}
`,
    );
    for (const user of users) {
      const [name = '', host = HOST] = user.split('@');
      const accounts = join(this.dir, 'data', host.replaceAll('.', '%2e'), 'accounts');
      mkdirSync(accounts, { recursive: true });
      writeFileSync(join(accounts, `${name}.dat`), 'return { ["password"] = "secret" };\n');
    }
  }
}
