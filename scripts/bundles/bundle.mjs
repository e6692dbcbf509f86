// Makes one file of each program that is started often. Finding, reading and compiling its many modules would take longer
// than its work. The launcher beside it runs it. Making its cache is another step, which an installation takes as well.
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
    external: ['classic-level', 'fastify', 'pino', 'pino-pretty', 'prom-client', 'undici', 'zod'],
  },
  // The same program for some verbs only. It does not have the core and what the core needs, so it starts much sooner.
  { name: CLIENT, entry: 'cli/client.ts', external: [] },
  { name: 'host-runner', entry: 'src/host-runner/main.ts', external: [] },
  { name: 'http-worker', entry: 'src/host-runner/services/http-worker.ts', external: [] },
];

/**
 * Bundles all programs into a folder. Nothing else is in it afterwards.
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
  if (/(?<![\w.$])import\(/.test(text))
    throw new Error(`the bundle of ${entry} has an import() of a file that is not in it`);
  return { text, inputs: Object.keys(metafile.inputs) };
}

/** Long compiles WebAssembly when it is loaded. That takes longer than all the work that is done with it here. */
const longWithoutWasm = {
  name: 'long-without-wasm',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/long\/.*index\.js$/ }, ({ path }) => ({
      // Without exports, Long goes on as if there were no WebAssembly. Throwing an error would take as long as compiling.
      contents: `const WebAssembly = { Module: class {}, Instance: class {} }; ${readFileSync(path, 'utf8')}`,
    }));
  },
};

/** Commander can run other programs. Here it never does, so it need not load the modules for that. */
const withoutSubcommands = {
  name: 'without-subcommands',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/node_modules\/commander\//.test(importer) ? { path: 'none', namespace: 'without-subcommands' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'without-subcommands' }, () => ({ contents: 'module.exports = {}' }));
  },
};

/** A script with cached code has no import() in Node 20. The launcher has one, for modules outside of the bundle. */
const lateImports = {
  name: 'late-imports',
  setup({ onLoad }) {
    onLoad({ filter: /\/(cli\/commands\/demo|src\/webhook\/undici)\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('await import(', 'await __import('),
      loader: 'ts',
    }));
  },
};

/** The folder of the package that a bundled file comes from. */
function packageOf(file) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replace(/^[\w-]+:/, ''))?.[0];
}

/** The license texts that must go with every copy of the bundled packages. */
function licensesOf(folders) {
  const parts = folders.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled and has no license file`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
