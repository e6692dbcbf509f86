// Makes the caches of the bundled programs: what V8 makes of their source, and where their native addons are. A cache is of
// one build and one Node.js on one machine, so a checkout makes it when it is built, and a package when it is installed.
// It may be run by hand, as after an upgrade of Node.js. Without its cache a program takes longer to start, and that is all.
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
/** The two programs of the command line; what the other bundles hold is needed in every run of them. */
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
  // The launcher reads this: a line of JSON, and twice what V8 made.
  const head = JSON.stringify({ build, node: describeNode(), length: code.length, addons });
  const temporary = join(folder, `${name}.${process.pid}`);
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(`${head}\n`), code, code]));
    renameSync(temporary, join(folder, `${name}.cache`));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** As the launcher has it. */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.arch} ${size} ${mtimeMs}`;
}

/** All of it, and not only what runs when the source is read. Most of that is wanted at a start. */
function compile({ source, filename }) {
  setFlagsFromString('--no-lazy');
  const script = new Script(source, { filename });
  // The cache notes the flags, and is taken with the same ones only.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

/**
 * What has run of the command line when a core without modules has started and ended, and when its state was printed. Where
 * no core can be started, it is what has run until that failed.
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

/** Starts Node.js. A core reports when it serves; the pipe of any other ends with it. */
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

/** Where the addons of those packages are whose bundled JavaScript is of the same version. */
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
