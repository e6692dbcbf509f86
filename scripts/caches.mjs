// Makes the caches of the bundled programs: the code that V8 compiles, and where their native addons are. A cache belongs to
// one build and one Node.js on one machine. So a checkout makes it when it is built, and a package when it is installed. You
// may run it by hand, for example after an upgrade of Node.js. Without its cache, a program only takes longer to start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../dist/bundles');
const RECORDER = join(dirname(fileURLToPath(import.meta.url)), 'record-cache.cjs');
const PROGRAM = '.program.cjs';
/** The two programs of the command line. The other bundles hold only code that every run needs. */
const COMMAND_LINE = 'mesibo-modules';
const CLIENT = 'mesibo-client';
const LIMIT_MS = 20_000;
const REPORT_FD = 3;

if (import.meta.url === pathToFileURL(process.argv[1]).href) await makeCaches();

/** Makes all caches anew. */
export async function makeCaches(folder = FOLDER) {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(PROGRAM))
    .map((file) => file.slice(0, -PROGRAM.length));
  const programs = Object.fromEntries(names.map((name) => [name, readProgram(folder, name)]));
  const recorded = await recordCommandLine(folder, programs);
  for (const program of Object.values(programs)) {
    writeCache(folder, program, recorded[program.name] ?? compile(program));
  }
}

function readProgram(folder, name) {
  const filename = join(folder, `${name}${PROGRAM}`);
  const source = readFileSync(filename, 'latin1');
  const [, build] = /^\/\* build (.*?) \*\//.exec(source);
  return { name, filename, source, build, addons: findAddons(folder, build.split(' ').slice(1)) };
}

function writeCache(folder, { name, build, addons }, code) {
  // The launcher reads this: a line of JSON, and the code of V8 twice.
  const head = JSON.stringify({ build, node: describeNode(), length: code.length, addons });
  const temporary = join(folder, `${name}.${process.pid}`);
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(`${head}\n`), code, code]));
    renameSync(temporary, join(folder, `${name}.cache`));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The same as in the launcher. */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.arch} ${size} ${mtimeMs}`;
}

/** Compiles all functions, not only those that run when the source is read. A start needs most of them. */
function compile({ source, filename }) {
  setFlagsFromString('--no-lazy');
  const script = new Script(source, { filename });
  // The cache notes the flags. V8 accepts it only with the same ones.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

/**
 * Compiles the parts of the command line that run when a core without modules starts, prints its state and ends. When no core
 * can be started, it is the parts that run until that failure.
 */
async function recordCommandLine(folder, programs) {
  const directory = mkdtempSync(join(tmpdir(), 'mesibo-modules-'));
  const config = join(directory, 'mesibo.conf');
  const at = ['--run-dir', join(directory, 'run'), '--state-dir', join(directory, 'state')];
  const output = (name) => join(directory, name);
  const record = (name, ...args) => {
    const { filename, addons } = programs[name];
    return start(RECORDER, filename, output(name), JSON.stringify(addons), ...args, ...at);
  };
  try {
    writeFileSync(config, '');
    const core = record(COMMAND_LINE, 'start', '--config', config, '--report-fd', String(REPORT_FD));
    await core.hasReported;
    const client = record(CLIENT, 'status');
    await client.hasEnded;
    await start(join(folder, `${COMMAND_LINE}.cjs`), 'stop', ...at).hasEnded;
    await core.hasEnded;
    for (const [name, { said }] of [
      [COMMAND_LINE, core],
      [CLIENT, client],
    ]) {
      if (!existsSync(output(name))) throw new Error(`the cache of ${name} could not be made: ${said()}`);
    }
    return Object.fromEntries([COMMAND_LINE, CLIENT].map((name) => [name, readFileSync(output(name))]));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Starts Node.js. A core reports when it serves. The pipe of any other program ends with the program. */
function start(...args) {
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, args, { stdio, timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  const report = child.stdio[REPORT_FD].resume();
  return {
    hasReported: Promise.race([once(report, 'data'), once(report, 'end')]),
    hasEnded: once(child, 'close'),
    said: () => text,
  };
}

/** Where the addons of packages are. Only packages whose bundled JavaScript has the same version count. */
function findAddons(folder, bundled) {
  const found = {};
  const require = createRequire(join(folder, 'any.cjs'));
  for (const [name, version] of bundled.map((text) => text.split('@'))) {
    require(name);
    const main = require.resolve(name);
    const path = loadedBy(require.cache[main])?.filename;
    if (path === undefined || versionOf(dirname(main)) !== version) continue;
    const { size, mtimeMs } = statSync(path);
    found[name] = { file: relative(folder, path), size, mtimeMs };
  }
  return found;
}

/** The addon that a module has loaded, or one of those that it loaded. */
function loadedBy(module) {
  if (module.filename.endsWith('.node')) return module;
  for (const child of module.children) {
    const found = loadedBy(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function versionOf(folder) {
  const path = join(folder, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : versionOf(dirname(folder));
}
