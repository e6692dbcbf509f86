// Builds the control programs and the fixtures of the worlds (fixtures.json) into build/. A fixture whose compiler or library is
// not installed is left out, and build/NAME.missing says which packages it needs. What is newer than its sources is kept: remove
// build/ after a change of flags in the table.
//
//   node test/worlds/build.mjs              builds
//   node test/worlds/build.mjs --packages   prints the Debian packages of the fixtures that were left out
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = 'build';
const HEADERS = '../../modules/include';
const COMMON = ['-g', '-fPIC', '-pthread', '-Wall', '-Wextra', '-Werror', `-I${HEADERS}`];
const C = ['-std=c11', '-D_GNU_SOURCE', ...COMMON];
const CXX = ['-std=c++17', ...COMMON];
const GO = ['go', 'build', '-buildmode=c-shared'];
// What a module imports of its loader is not there yet; Go's linker would refuse that.
const GO_ENVIRONMENT = {
  CGO_LDFLAGS: '-Wl,--unresolved-symbols=ignore-all',
  CGO_LDFLAGS_ALLOW: '.*',
  GO111MODULE: 'off',
};
const RUST = ['rustc', '--edition=2021', '--crate-type=cdylib', '-Dwarnings'];
const CONTROLS = [
  { name: 'control-c', language: 'C', program: true, sources: ['control/control.c'] },
  { name: 'control-cpp', language: 'C++', program: true, sources: ['control/control.cc'], packages: ['g++'] },
];

process.chdir(dirname(fileURLToPath(import.meta.url)));
const fixtures = JSON.parse(readFileSync('fixtures.json', 'utf8'));
const headers = newestOf([...headersBelow(HEADERS), 'world.h']);
/** Objects that are being compiled, by their paths. */
const objects = new Map();
const waiting = [];
let free = availableParallelism();

if (process.argv.includes('--packages')) {
  const missing = fixtures.filter(({ name }) => existsSync(`${BUILD}/${name}.missing`));
  console.log([...new Set(missing.flatMap(({ packages }) => packages))].join(' '));
} else {
  mkdirSync(BUILD, { recursive: true });
  await Promise.all([...CONTROLS, ...fixtures].map(build));
}

async function build(fixture) {
  const { name, language, sources, packages } = fixture;
  const target = `${BUILD}/${name}${fixture.program ? '' : '.so'}`;
  const besides = [fixture.library, fixture.plugin].filter(Boolean);
  if (isFresh(target, [...sources, ...besides.flatMap((part) => part.sources)])) return;
  rmSync(target, { force: true });
  rmSync(`${BUILD}/${name}.missing`, { force: true });
  if (packages && !(await isPossible(fixture)))
    return writeFileSync(`${BUILD}/${name}.missing`, `${packages.join(', ')}\n`);
  if (language === 'Go') return make(target, GO, sources);
  if (language === 'Rust') return make(target, RUST, sources);
  const compiler = compilerOf(fixture);
  for (const part of besides) {
    await make(`${BUILD}/${part.name}`, [...compiler, '-shared'], [...part.sources, ...(part.flags ?? [])]);
  }
  const libraries = fixture.library ? [`-L${BUILD}`, `-l:${fixture.library.name}`, '-Wl,-rpath,$ORIGIN'] : [];
  const parts = sources.length > 1 ? await objectsOf(fixture) : sources;
  const kind = fixture.program ? '-rdynamic' : '-shared';
  await make(target, [...compiler, kind], [...parts, ...libraries, ...(await flagsOf(fixture))]);
}

/** Its sources, compiled: those of several fixtures with the same compiler are compiled once. */
function objectsOf(fixture) {
  const compiler = compilerOf(fixture);
  const folder = `${BUILD}/${fixture.compiler.replaceAll(' ', '')}`;
  mkdirSync(folder, { recursive: true });
  const made = fixture.sources.map((source) => {
    const object = `${folder}/${basename(source)}.o`;
    if (!objects.has(object))
      objects.set(object, isFresh(object, [source]) || make(object, [...compiler, '-c'], [source]));
    return Promise.resolve(objects.get(object)).then(() => object);
  });
  return Promise.all(made);
}

/** Whether its compiler, its header and its libraries are installed. */
async function isPossible(fixture) {
  if (fixture.language === 'Go') return succeeds('go', ['version']);
  if (fixture.language === 'Rust') return succeeds('rustc', ['--version']);
  const probe = `${BUILD}/${fixture.name}.probe${fixture.language === 'C' ? '.c' : '.cc'}`;
  const [command, ...flags] = compilerOf(fixture);
  writeFileSync(probe, `#include <${fixture.header ?? 'stddef.h'}>\nint main(void) { return 0; }\n`);
  const rest = [...((await flagsOf(fixture).catch(() => null)) ?? ['no-flags']), ...(fixture.plugin?.flags ?? [])];
  const possible = await succeeds(command, [...flags, probe, '-o', `${probe}.out`, ...rest]);
  rmSync(probe);
  rmSync(`${probe}.out`, { force: true });
  return possible;
}

function compilerOf({ language, compiler = 'g++' }) {
  return language === 'C' ? ['cc', ...C] : [...compiler.split(' '), ...CXX];
}

/** What it is linked with; some libraries have a program that knows. */
async function flagsOf({ flags = [], flagsFrom }) {
  if (!flagsFrom) return flags;
  const [command, ...args] = flagsFrom;
  return [...flags, ...(await run(command, args)).trim().split(/\s+/)];
}

/** Makes a file, whole or not at all. */
async function make(target, [command, ...args], rest) {
  const unfinished = `${dirname(target)}/new-${basename(target)}`;
  await run(command, [...args, '-o', unfinished, ...rest]);
  renameSync(unfinished, target);
}

function succeeds(command, args) {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** Runs a command, as many at a time as there are processors; gives what it printed. */
async function run(command, args) {
  if (free > 0) free--;
  else await new Promise((done) => waiting.push(done));
  try {
    return await new Promise((done, fail) => {
      const env = { ...process.env, ...GO_ENVIRONMENT };
      execFile(command, args, { env }, (error, stdout) => (error ? fail(error) : done(stdout)));
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}

function isFresh(target, sources) {
  const beside = sources.flatMap((source) => headersBelow(dirname(source)));
  return existsSync(target) && statSync(target).mtimeMs > Math.max(headers, newestOf([...sources, ...beside]));
}

function headersBelow(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.h')).map((file) => join(folder, file));
}

function newestOf(files) {
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}
