// Makes one file of each program that is started often: to find, read and compile its many modules takes longer than what
// it does then. The launcher beside it runs it. Its cache is another step, which an installation takes as well.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { addonsByHint, bundledVersions } from './addons.mjs';

const require = createRequire(import.meta.url);
const COMMAND_LINE = 'mesibo-modules';
const CLIENT = 'mesibo-client';
const PROGRAMS = [
  {
    name: COMMAND_LINE,
    entry: 'cli/main.ts',
    external: ['classic-level', 'fastify', 'pino', 'pino-pretty', 'undici', 'zod'],
  },
  // The same for some verbs: a core and all that it needs are not in it, so it starts much sooner.
  { name: CLIENT, entry: 'cli/client.ts', external: [] },
  { name: 'host-runner', entry: 'src/host-runner/main.ts', external: [] },
  { name: 'http-worker', entry: 'src/host-runner/services/http-worker.ts', external: [] },
];

/**
 * Bundles all programs into a folder, which has nothing else afterwards.
 *
 * @param clientVerbs - which verbs of the command line the smaller program has
 */
export async function bundleAll(folder, clientVerbs) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packages = new Set();
  for (const program of PROGRAMS) {
    const { text, inputs } = await bundle(program);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 32);
    writeFileSync(
      join(folder, `${program.name}.program.cjs`),
      `/* build ${[id, ...bundledVersions()].join(' ')} */ ${text}`,
    );
    for (const input of inputs) packages.add(packageOf(input));
    if (program.name !== CLIENT) writeLauncher(join(folder, `${program.name}.cjs`), program, clientVerbs);
  }
  packages.delete(undefined);
  writeFileSync(join(folder, 'LICENSES'), licensesOf([...packages].sort()));
}

function writeLauncher(file, { name }, clientVerbs) {
  const smaller = name === COMMAND_LINE ? JSON.stringify({ name: CLIENT, verbs: clientVerbs }) : 'null';
  const launcher = readFileSync('scripts/bundles/launcher.cjs', 'utf8');
  writeFileSync(file, launcher.replace('const SMALLER = null;', `const SMALLER = ${smaller};`));
  chmodSync(file, 0o755);
}

/** A program as the expression of a function, which the launcher calls. */
async function bundle({ name, entry, external }) {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outfile: `${name}.program.cjs`,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20.18',
    format: 'cjs',
    legalComments: 'none',
    // Half the bytes to read at every start, with all names and with lines that a stack trace can name.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
    external,
    // It is imported and required, and has a file for each.
    alias: { long: require.resolve('long') },
    plugins: [addonsByHint, longWithoutWasm, withoutSubcommands, lateImports],
    define: { 'import.meta.url': '__url' },
    banner: {
      js: "(function (require, module, __filename, __dirname, __addons, __import) { const __url = require('node:url').pathToFileURL(__filename).href;",
    },
    footer: { js: '})' },
  });
  const text = outputFiles[0].text
    .replace(/^#!.*\n/, '')
    // Comments of packages; in code all is escaped.
    .replace(/\/\/.*/g, (comment) => comment.replace(/[^\0-\x7f]/g, '?'));
  // The launcher reads it as one byte a character.
  if (/[^\0-\x7f]/.test(text)) throw new Error(`the bundle of ${entry} is not plain ASCII`);
  if (/(?<![\w.$])import\(/.test(text)) throw new Error(`the bundle of ${entry} has an import() of what is not in it`);
  return { text, inputs: Object.keys(metafile.inputs) };
}

/** Long compiles WebAssembly when it is loaded, which takes longer than all that is ever computed with it here. */
const longWithoutWasm = {
  name: 'long-without-wasm',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/long\/.*index\.js$/ }, ({ path }) => ({
      // Without exports it is as if there were none. To throw an error would take as long as to compile it.
      contents: `const WebAssembly = { Module: class {}, Instance: class {} }; ${readFileSync(path, 'utf8')}`,
    }));
  },
};

/** Commander can run programs of other names; here it never does, and loads what it would do so with for nothing. */
const withoutSubcommands = {
  name: 'without-subcommands',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/node_modules\/commander\//.test(importer) ? { path: 'none', namespace: 'without-subcommands' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'without-subcommands' }, () => ({ contents: 'module.exports = {}' }));
  },
};

/** A script with cached code has no import() in Node 20: the launcher has one for what is not in the bundle. */
const lateImports = {
  name: 'late-imports',
  setup({ onLoad }) {
    onLoad({ filter: /\/cli\/commands\/demo\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('await import(', 'await __import('),
      loader: 'ts',
    }));
  },
};

/** The folder of the package that a bundled file comes from. */
function packageOf(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replace(/^[\w-]+:/, ''))?.[0];
}

/** What the licenses of bundled packages want to go with every copy. */
function licensesOf(folders) {
  const parts = folders.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled and has no license file`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
