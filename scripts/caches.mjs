// Makes the caches of the bundled programs: what V8 makes of their source, and where their native addons are. A cache is of
// one build and one Node.js on one machine, so a checkout makes it when it is built, and a package when it is installed.
// It may be run by hand, as after an upgrade of Node.js. Without its cache a program takes longer to start, and that is all.
import { spawnSync } from 'node:child_process';
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
/** It has much more than one run needs, and is run for a moment only. */
const COMMAND_LINE = 'mesibo-modules';
const LIMIT_MS = 20_000;

if (import.meta.url === pathToFileURL(process.argv[1]).href) makeCaches();

/** Makes all caches anew. */
export function makeCaches(folder = FOLDER) {
  for (const file of readdirSync(folder).filter((file) => file.endsWith(PROGRAM))) {
    makeCache(folder, file.slice(0, -PROGRAM.length));
  }
}

function makeCache(folder, name) {
  const filename = join(folder, `${name}${PROGRAM}`);
  const source = readFileSync(filename, 'latin1');
  const [, build] = /^\/\* build (.*?) \*\//.exec(source);
  const addons = findAddons(folder, build.split(' ').slice(1));
  const code = name === COMMAND_LINE ? record(folder, name, addons) : compile(source, filename);
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
function compile(source, filename) {
  setFlagsFromString('--no-lazy');
  const script = new Script(source, { filename });
  // The cache notes the flags, and is taken with the same ones only.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

/** What has run when the state of a core was printed: of one without modules, or of none where none can be started. */
function record(folder, name, addons) {
  const directory = mkdtempSync(join(tmpdir(), 'mesibo-modules-'));
  const [config, out] = [join(directory, 'mesibo.conf'), join(directory, 'code')];
  const at = ['--run-dir', join(directory, 'run'), '--state-dir', join(directory, 'state')];
  const run = (...args) => {
    const limits = { timeout: LIMIT_MS, killSignal: 'SIGKILL' };
    return spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', ...limits });
  };
  const launcher = join(folder, `${name}.cjs`);
  try {
    writeFileSync(config, '');
    run(launcher, 'start', '--daemon', '--config', config, ...at);
    const { stderr } = run(RECORDER, join(folder, `${name}${PROGRAM}`), out, JSON.stringify(addons), 'status', ...at);
    if (!existsSync(out)) throw new Error(`the cache of ${name} could not be made: ${stderr}`);
    return readFileSync(out);
  } finally {
    run(launcher, 'stop', ...at);
    rmSync(directory, { recursive: true, force: true });
  }
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
