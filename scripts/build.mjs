// Builds everything that the package runs on: the protocol codec, the TypeScript, the bundles and their caches, the C shim,
// the reference loader and the sample modules. `npm install` runs it as `prepare`, so that a fresh clone is ready after that one command.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAll } from './bundles/bundle.mjs';
import { findMissingTools } from './tools.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
process.chdir(root);

requireTools();
for (const name of ['module', 'control', 'gateway']) generateCodec(name);
run('TypeScript', process.execPath, [
  require.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc'),
  '-p',
  'tsconfig.json',
]);
copyGenerated();
const { CLIENT_VERBS } = await import('../dist/cli/client-verbs.js');
await bundleAll('dist/bundles', Object.keys(CLIENT_VERBS));
run('the manual page', process.execPath, ['dist/cli/reference/write.js', 'man', 'dist/man/mesibo-modules.1']);
run('the native shim', 'make', ['-s', '-C', 'src/host-runner/native']);
run('the reference loader', 'make', ['-s', '-C', 'src/in-process/native']);
run('the sample modules', 'make', ['-s', '-C', 'modules']);
run('the caches', process.execPath, ['scripts/caches.mjs']);
linkCommand();

function requireTools() {
  const missing = findMissingTools();
  if (missing.length === 0) return;
  for (const line of missing) console.error(`mesibo-modules: ${line}`);
  process.exit(1);
}

function generateCodec(name) {
  const out = `src/wire/generated/${name}.js`;
  const bin = (tool) => join(dirname(require.resolve('protobufjs-cli/package.json')), 'bin', tool);
  mkdirSync(dirname(out), { recursive: true });
  const target = ['-t', 'static-module', '-w', 'es6', '--es6', '-r', name];
  const lean = [
    '--no-create',
    '--no-verify',
    '--no-convert',
    '--no-delimited',
    '--no-typeurl',
    '--no-service',
    '--force-long',
    // Keep only the parts of its imports that it names.
    '--sparse',
  ];
  run(`proto/${name}.proto`, process.execPath, [bin('pbjs'), ...target, ...lean, '-o', out, `proto/${name}.proto`]);
  const types = out.replace(/js$/, 'd.ts');
  run(`proto/${name}.proto`, process.execPath, [bin('pbts'), '-o', types, out]);
  // pbts writes a CommonJS import of Long, which an ES module may not have.
  writeFileSync(
    types,
    readFileSync(types, 'utf8').replace(/import Long = require\("long"\);/, 'import Long from "long";'),
  );
}

function copyGenerated() {
  mkdirSync('dist/src/wire/generated', { recursive: true });
  for (const name of ['module', 'control', 'gateway']) {
    for (const ext of ['js', 'd.ts']) {
      const file = `src/wire/generated/${name}.${ext}`;
      writeFileSync(`dist/${file}`, readFileSync(file));
    }
  }
}

/**
 * Puts the command where npx looks first. Otherwise npx installs the clone into a cache of its own: it builds everything once
 * more, over the files of a core that may be running.
 */
function linkCommand() {
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (!existsSync('node_modules/.bin')) return;
  for (const [name, file] of Object.entries(bin)) {
    chmodSync(file, 0o755);
    rmSync(`node_modules/.bin/${name}`, { force: true });
    symlinkSync(join('../..', file), `node_modules/.bin/${name}`);
  }
}

function run(what, command, args) {
  const { status, error, signal } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`mesibo-modules: building ${what} failed (${error?.message ?? signal ?? `exit ${status}`})`);
  process.exit(1);
}
