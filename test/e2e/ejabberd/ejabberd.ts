/** An ejabberd of a test's own: its configuration, its data and its port are nobody else's. */

import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, expect, onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { Waiting } from '../../helpers/waiting.js';
import { findFreePort, HOST, ROOMS } from '../prosody/prosody.js';

/** Why there can be no test; `null`: ejabberd is installed. */
export const MISSING =
  existsSync('/usr/sbin/ejabberdctl') && spawnSync('erlc', ['-h'], { stdio: 'ignore' }).error === undefined
    ? null
    : 'ejabberd is not installed: apt-get install ejabberd';

/** What a test sets. */
export interface EjabberdOptions {
  /** Where the core answers, as `http` of its configuration says. */
  core: string;
  /** Options of mod_mesibo_modules, as YAML: `{ deadline: '2 s' }`. */
  options?: Record<string, string>;
  /** The end of the configuration, as YAML. */
  more?: string;
  /** Names; all have the password `secret`. */
  users?: string[];
}

/** Another process may take the port between the moment it was found free and its use. */
const TRIES = 5;
/** Where Debian has the libraries of ejabberd. */
export const LIBRARIES = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/** Reads expressions of Erlang, a line each, and prints their values. It ends when nobody can write any more. */
export const EVALUATE = `spawn(fun Next() ->
  case io:get_line("") of
    eof -> halt(0);
    Line ->
      {ok, Tokens, _} = erl_scan:string(Line),
      {ok, Parsed} = erl_parse:parse_exprs(Tokens),
      Value = try {value, V, _} = erl_eval:exprs(Parsed, []), V catch Class:Why -> {Class, Why} end,
      io:format("=> ~0p~n", [Value]),
      Next()
  end
end).`;

/** The module, compiled as the page does it. */
const BEAMS = mkdtempSync(join(tmpdir(), 'mm-'));
afterAll(() => rmSync(BEAMS, { recursive: true, force: true }));

function compile(): void {
  if (readdirSync(BEAMS).length > 0) return;
  const command =
    'erlc -Werror -pa /usr/lib/*/ejabberd-??.??/ebin -I /usr/lib/erlang/lib/p1_xmpp-*/include -o "$1" "$2"/*.erl';
  execFileSync('sh', ['-c', command, 'sh', BEAMS, join(PACKAGE_ROOT, 'bridges/ejabberd')]);
}

/** Starts one, and waits until clients can connect. It ends with the test. */
export async function startEjabberd(options: EjabberdOptions): Promise<Ejabberd> {
  for (let left = TRIES; ; left--) {
    const ejabberd = new Ejabberd(options, await findFreePort());
    if (await ejabberd.start()) return ejabberd;
    if (left === 1) throw new Error(`ejabberd did not start:\n${ejabberd.log.join('\n')}`);
    await ejabberd.kill();
  }
}

/** The process, and what it logs. */
export class Ejabberd {
  readonly dir = makeTempDir();
  readonly port: number;
  readonly log: string[] = [];
  readonly #options: EjabberdOptions;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | null = null;
  readonly #waiting = new Waiting();

  constructor(options: EjabberdOptions, port: number) {
    this.#options = { ...options };
    this.port = port;
    writeFileSync(join(this.dir, 'ejabberd.yml'), this.#config());
    compile();
    onTestFinished(() => this.kill());
  }

  /** Runs it; `false` when the port is taken. */
  async start(): Promise<boolean> {
    const { dir } = this;
    // Without a name it is no node that others could reach, and so asks for no epmd.
    const args = ['-noshell', '-pa', BEAMS, '-mnesia', 'dir', `"${dir}/data"`, '-s', 'ejabberd', '-eval', EVALUATE];
    const child = spawn('erl', args, {
      cwd: dir,
      env: {
        ...process.env,
        HOME: dir,
        ERL_LIBS: LIBRARIES,
        ERL_CRASH_DUMP_BYTES: '0',
        EJABBERD_CONFIG_PATH: join(dir, 'ejabberd.yml'),
        EJABBERD_LOG_PATH: join(dir, 'ejabberd.log'),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => this.#note(line));
    child.stdin.on('error', () => undefined);
    child.once('exit', () => this.#waiting.fail(new Error(`ejabberd has ended:\n${this.log.slice(-20).join('\n')}`)));
    const said = () => this.log.join('\n');
    await this.until(() => /Start accepting TCP connections at|Failed to open socket/.test(said()));
    if (said().includes('Failed to open socket')) return false;
    const { users = ['alice', 'bob'] } = this.#options;
    for (const name of users)
      await this.evaluate(`ejabberd_auth:try_register(<<"${name}">>,<<"${HOST}">>,<<"secret">>)`);
    return true;
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

  /** Evaluates Erlang in the running server; one at a time. */
  async evaluate(expression: string): Promise<string> {
    const from = this.log.length;
    this.#child?.stdin.write(`${expression}.\n`);
    return (await this.logged(/^=> /, from)).slice('=> '.length);
  }

  /** Gives the running server other options of mod_mesibo_modules, as `ejabberdctl reload_config` does. */
  async reload(options: Record<string, string>): Promise<void> {
    this.#options.options = options;
    writeFileSync(join(this.dir, 'ejabberd.yml'), this.#config());
    expect(await this.evaluate('ejabberd_config:reload()')).toBe('ok');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  #note(line: string): void {
    this.log.push(line);
    if (/Hook .* crashed|CRASH REPORT|terminat(ed|ing) with reason/.test(line)) this.#waiting.fail(new Error(line));
    this.#waiting.look();
  }

  #config(): string {
    const { core, options = {}, more = '' } = this.#options;
    const own = Object.entries({ core: `"${core}"`, ...options }).map(([name, value]) => `    ${name}: ${value}`);
    return `
hosts: [${HOST}]
loglevel: info
auth_method: internal
listen:
  - { port: ${this.port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false }
modules:
  mod_blocking: {}
  mod_carboncopy: {}
  mod_disco: {}
  mod_mam: { default: always }
  mod_muc: { host: ${ROOMS}, default_room_options: { mam: true } }
  mod_muc_admin: {}
  mod_offline: {}
  mod_ping: {}
  mod_privacy: {}
  mod_roster: {}
  mod_mesibo_modules:
${own.join('\n')}
${more}
`;
  }
}
