// Checks the package as it would be published: its files, whether tools and type checkers understand it, and whether it works
// when it is installed in an empty folder, under each supported Node.js. Also checks that the Dockerfile makes an image that
// works.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareFiles, expectedFiles, findDeadLinks } from './package/contents.mjs';
import { imageNode, makeImage } from './package/image.mjs';
import { fetchNode, Installed } from './package/installed.mjs';
import { run } from './package/run.mjs';

/** The oldest supported Node.js, and the newest of each supported line. */
const NODES = ['20.18.1', '22', '24'];

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const directory = mkdtempSync(join(tmpdir(), 'mm-package-'));
try {
  const tarball = step('npm pack', pack);
  step('publint', () => void run(bin('publint'), ['run', '--strict', tarball]));
  // The package only promises ES modules, and the entries of "exports" in package.json.
  step('attw', () => void run(bin('attw'), ['--profile', 'esm-only', tarball]));
  step('Dockerfile', () => void run(bin('dockerfile-utils'), ['lint', 'Dockerfile']));
  step('Dockerfile: its own steps', tryImage);
  for (const [at, version] of NODES.entries()) tryUnder(version, tarball, at === 0);
} catch (error) {
  console.error(`package:check: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Packs. Compares the list of files with the expected one, and the links in pages with the list. Returns the tarball's path. */
function pack() {
  const { stdout } = run('npm', ['pack', '--json', '--silent', '--pack-destination', directory]);
  // The output of `prepare` may come first.
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[$/m)));
  const files = packed.files.map(({ path }) => path);
  const problems = [...compareFiles(files, expectedFiles()), ...findDeadLinks(files)];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return join(directory, packed.filename);
}

function tryImage() {
  const base = join(directory, 'image');
  makeImage(base, fetchNode(imageNode(), join(base, 'node')));
}

function tryUnder(version, tarball, withBuild) {
  const base = join(directory, version);
  const nodeBin = step(`fetching Node.js ${version}`, () => fetchNode(version, join(base, 'node')));
  const installed = new Installed(base, nodeBin);
  const name = `Node.js ${version}`;
  step(`${name}: npm install`, () => installed.install(tarball));
  step(`${name}: npm install --global`, () => installed.installGlobally(tarball));
  step(`${name}: check`, () => installed.checksSample());
  step(`${name}: try`, () => installed.triesSample());
  step(`${name}: demo`, () => installed.runsDemo());
  step(`${name}: import`, () => installed.isImported());
  step(`${name}: a client`, () => installed.isReached());
  step(`${name}: HTTP`, () => installed.answersOverHttp());
  if (withBuild) step(`${name}: types`, () => installed.hasTypes());
  if (withBuild) step(`${name}: native parts that do not fit`, () => installed.buildsWhereNothingFits());
}

/** Does one thing, and says how long it took. */
function step(what, work) {
  const start = performance.now();
  const result = work();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${what.padEnd(45)} ${seconds.padStart(6)} s${typeof result === 'string' ? `  ${result}` : ''}`);
  return result;
}

function bin(name) {
  return join('node_modules/.bin', name);
}
