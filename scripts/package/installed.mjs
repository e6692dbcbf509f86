// The tarball as a newcomer has it: installed in an empty folder, with a given Node.js, and used.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { mustContain, run, withoutNpm } from './run.mjs';

/** Fetches a Node.js and returns the folder of its program. The registry has it as a package for each platform. */
export function fetchNode(version, directory) {
  const name = `node-linux-${process.arch}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{}');
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`], { cwd: directory });
  return join(directory, 'node_modules', name, 'bin');
}

/** An installation of the tarball, and what can be done with it. */
export class Installed {
  #env;
  #noted;

  /** @param nodeBin - the folder of the Node.js to use; it comes first in the PATH */
  constructor(directory, nodeBin) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    // These compilers only note that they were called: on the platform of the tarball none is needed.
    const noCompiler = join(directory, 'no-compiler');
    this.#noted = join(directory, 'wanted-a-compiler');
    mkdirSync(noCompiler);
    for (const tool of ['cc', 'gcc', 'c++', 'g++', 'clang', 'make', 'cmake']) {
      writeFileSync(join(noCompiler, tool), `#!/bin/sh\necho ${tool} >> '${this.#noted}'\nexit 1\n`);
      chmodSync(join(noCompiler, tool), 0o755);
    }
    const path = [noCompiler, nodeBin, process.env.PATH].join(delimiter);
    this.#env = withoutNpm({ ...process.env, PATH: path, MESIBO_RUN_DIR: join(directory, 'run') });
    this.app = join(directory, 'app');
    this.root = join(this.app, 'node_modules/mesibo-modules');
    mkdirSync(this.app);
  }

  install(tarball) {
    this.#run('npm', ['install', '--no-audit', '--no-fund', tarball]);
    if (existsSync(this.#noted)) {
      throw new Error(`the installation ran a compiler: ${readFileSync(this.#noted, 'utf8').split('\n').join(' ')}`);
    }
    return this.#run('node', ['--version']).stdout.trim();
  }

  /** Installs it below a prefix of its own: the command must be in the PATH, and its page where man looks. */
  installGlobally(tarball) {
    const prefix = join(this.directory, 'global');
    this.#run('npm', ['install', '--no-audit', '--no-fund', '--global', '--prefix', prefix, tarball]);
    mustContain(this.#run(join(prefix, 'bin/mesibo-modules'), ['help']).stdout, 'Usage: mesibo-modules', 'help');
    const page = readFileSync(join(prefix, 'share/man/man1/mesibo-modules.1'), 'utf8');
    mustContain(page, '.TH MESIBO-MODULES 1', 'the manual page');
  }

  /** The command line, as `npx mesibo-modules` runs it. */
  cli(args, expect = 0) {
    return this.#run(join(this.app, 'node_modules/.bin/mesibo-modules'), args, expect);
  }

  sample(name) {
    return join(this.root, `modules/build/module_${name}.so`);
  }

  checksSample() {
    const file = join(this.app, 'mesibo.conf');
    writeFileSync(file, `module filter { path = ${this.sample('filter')}\n blocked_words = heck }\n`);
    const { stdout } = this.cli(['check', '--config', file]);
    mustContain(stdout, 'module filter: ok, ABI exports-2020', 'check');
  }

  /** `false` when there is no such verb. */
  triesSample() {
    const filter = this.cli(['try', this.sample('filter'), 'what the heck', '--conf', 'blocked_words=heck']);
    mustContain(filter.stdout, 'consumed', 'try');
  }

  runsDemo() {
    mustContain(this.cli(['demo']).stdout, 'All stopped, nothing left behind.', 'demo');
  }

  /** A program that embeds it. */
  isImported() {
    const program = `import { makeConfig, Supervisor } from 'mesibo-modules';
const modules = [{ name: 'filter', path: ${JSON.stringify(this.sample('filter'))}, config: { blocked_words: 'heck' } }];
const supervisor = new Supervisor(makeConfig({ modules }), { runDir: ${JSON.stringify(join(this.directory, 'embedded'))} });
await supervisor.start();
const { verdict } = await supervisor.onMessage({ from: 'a', to: 'b', id: 1 }, Buffer.from('heck'));
await supervisor.stop();
console.log(verdict);
`;
    writeFileSync(join(this.app, 'embeds.mjs'), program);
    mustContain(this.#run('node', ['embeds.mjs']).stdout, 'consumed', 'an embedding program');
  }

  /** A server that is a client of a core; here both are one program. */
  isReached() {
    const program = `import { Core, makeConfig } from 'mesibo-modules';
import { GatewayClient } from 'mesibo-modules/client';
const modules = [{ name: 'filter', path: ${JSON.stringify(this.sample('filter'))}, config: { blocked_words: 'heck' } }];
const runDir = ${JSON.stringify(join(this.directory, 'reached'))};
const core = new Core(makeConfig({ modules }), { runDir, stateDir: runDir + '-state' });
await core.start();
const client = new GatewayClient({ runDir, server: 'app', deadlineMs: 60_000 });
const { by, reason } = await client.message({ from: 'a', to: 'b' }, Buffer.from('heck'));
await client.close();
await core.stop();
console.log(by, reason);
`;
    writeFileSync(join(this.app, 'reaches.mjs'), program);
    mustContain(this.#run('node', ['reaches.mjs']).stdout, 'filter null', 'a client of a core');
  }

  /** A core of the command line that answers over HTTP, with the modules that it loads only for that. */
  answersOverHttp() {
    const [socket, file] = [join(this.directory, 'http.sock'), join(this.app, 'http.conf')];
    const filter = `module filter { path = ${this.sample('filter')}\n blocked_words = heck }`;
    writeFileSync(file, `http = unix:${socket}\n${filter}\n`);
    const program = `import { request } from 'node:http';
const headers = { 'content-type': 'application/json' };
const asked = request({ socketPath: ${JSON.stringify(socket)}, method: 'POST', path: '/v1/messages', headers });
asked.on('response', (response) => response.pipe(process.stdout));
asked.end('{"text": "heck"}');
`;
    writeFileSync(join(this.app, 'asks.mjs'), program);
    this.cli(['start', '--config', file, '--daemon']);
    try {
      mustContain(this.#run('node', ['asks.mjs']).stdout, '"verdict":"consumed"', 'an answer over HTTP');
    } finally {
      this.cli(['stop']);
    }
  }

  /** Type-checks a program that embeds a core and a client of one. The types of Node.js come from this repository. */
  hasTypes() {
    const program = `import { makeConfig, type Outcome, Supervisor } from 'mesibo-modules';
import { type ClientOutcome, GatewayClient, type ReceivedSend } from 'mesibo-modules/client';
const supervisor = new Supervisor(makeConfig({ modules: [] }), { runDir: 'run' });
supervisor.on('log', ({ module, text }) => console.log(module ?? 'core', text.length));
const { payload }: Outcome = await supervisor.onMessage({ from: 'a', to: 'b', id: 7n }, Buffer.from('heck'));
export const size: number = payload.length;
const client = new GatewayClient({ path: 'x', server: 'app', onSend: ({ params }: ReceivedSend) => params.to });
const { verdict, params }: ClientOutcome = await client.message({ to: 'b' }, Buffer.from('heck'));
export const what: [string, bigint] = [verdict, params.id];
`;
    writeFileSync(join(this.app, 'embeds.mts'), program);
    const types = ['--types', 'node', '--typeRoots', join(process.cwd(), 'node_modules/@types')];
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', ...types];
    run(join(process.cwd(), 'node_modules/.bin/tsc'), [...flags, 'embeds.mts'], { cwd: this.app });
  }

  /** Native parts for another machine: reported without a compiler, and built with one. */
  buildsWhereNothingFits() {
    const shim = join(this.root, 'dist/native/libmesibo-shim.so');
    const installer = join(this.root, 'scripts/install.mjs');
    const kept = join(this.directory, 'shim');
    copyFileSync(shim, kept);
    writeFileSync(shim, 'made for another machine');
    const unfit = this.cli(['check', '--config', join(this.app, 'mesibo.conf')], 1);
    mustContain(unfit.stdout, `build it here: node ${installer}`, 'check with a shim that does not fit');
    const { stderr } = this.#run('node', [installer], 1);
    mustContain(stderr, 'apt-get install gcc', 'the installer without a compiler');
    run('node', [installer], { cwd: this.app });
    this.checksSample();
  }

  #run(command, args, expect = 0) {
    return run(command, args, { cwd: this.app, env: this.#env, expect });
  }
}
