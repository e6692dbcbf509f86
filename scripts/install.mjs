// Makes the parts of an installed package that depend on the machine. The native parts come built for one kind of machine.
// When they do not fit (another processor, an older C library), this builds them from their sources. It makes the caches of
// the bundles anew. The package manager runs this as `install`. You may also run it by hand.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { makeCaches } from './caches.mjs';
import { findMissingTools } from './tools.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const MAKE_LIMIT_MS = 300_000;
const PROBE_LIMIT_MS = 10_000;
const FOLDERS = ['src/host-runner/native', 'src/in-process/native', 'modules'];

// A checkout is built by scripts/build.mjs, once its development dependencies are there.
const isCheckout = existsSync(join(root, 'tsconfig.json'));
if (!isCheckout || process.env.npm_lifecycle_event !== 'install') {
  install();
  await cache();
}

function install() {
  const reason = findMisfit();
  if (reason === null) return;
  say(`the prebuilt native parts cannot be used here: ${reason}`);
  const missing = findMissingTools();
  if (missing.length > 0) giveUp(...missing);
  say('building them');
  for (const folder of FOLDERS) {
    // -B: in a package all files are equally old.
    const { status, signal, error } = spawnSync('make', ['-s', '-B', '-C', join(root, folder)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: MAKE_LIMIT_MS,
    });
    if (status !== 0) giveUp(`make in ${folder} failed (${error?.message ?? signal ?? `exit ${status}`}), see above`);
  }
  const remaining = findMisfit();
  if (remaining !== null) giveUp(`what was built cannot be used either: ${remaining}`);
  say('built');
}

/** Without caches everything works, but takes a little longer to start. */
async function cache() {
  try {
    await makeCaches();
  } catch (error) {
    say(`the caches could not be made, so all starts take longer: ${error.message}`);
  }
}

/** Why the built parts cannot be used; null when they can. */
function findMisfit() {
  try {
    koffi.load(join(root, 'dist/native/libmesibo-shim.so'));
    for (const name of sampleNames()) koffi.load(join(root, `modules/build/module_${name}.so`), { lazy: true });
  } catch (error) {
    return error.message;
  }
  // Without modules and messages it has nothing to do, and says so.
  const loader = join(root, 'dist/native/mesibo-reference');
  const { status, error, stderr } = spawnSync(loader, [], { stdio: 'pipe', timeout: PROBE_LIMIT_MS, encoding: 'utf8' });
  if (status === 0) return null;
  return `mesibo-reference: ${error?.message ?? (stderr.trim() || `exit ${status}`)}`;
}

function sampleNames() {
  return readdirSync(join(root, 'modules')).filter((name) => existsSync(join(root, `modules/${name}/${name}.c`)));
}

function giveUp(...why) {
  for (const line of why) say(line);
  say(`when that is mended, run: node ${join(root, 'scripts/install.mjs')}`);
  process.exit(1);
}

function say(line) {
  console.error(`mesibo-modules: ${line}`);
}
