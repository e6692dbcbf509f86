// Bundles the two packages with native addons. Each looks for its addon in many places, and that takes longer than loading
// it. So the bundle has the JavaScript of the package, for when the launcher knows the file (`__addons`). When it does not,
// the bundle loads the whole package.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The module by which a package asks for its addon, and what answers instead. */
const ADDONS = [
  {
    name: 'koffi',
    asks: /\/koffi\/src\/koffi\/src\/static\.cjs$/,
    answer: 'exports.loadStatic = () => require(__addons.koffi);',
  },
  {
    name: 'zeromq',
    asks: /\/zeromq\/lib\/load-addon\.js$/,
    answer: 'exports.__esModule = true; exports.default = require(__addons.zeromq);',
  },
];

/** For esbuild. */
export const addonsByHint = {
  name: 'addons-by-hint',
  setup({ onResolve, onLoad }) {
    for (const { name, asks, answer } of ADDONS) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: 'addon' }));
      onResolve({ filter: new RegExp(`^whole:${name}$`) }, () => ({ path: name, external: true }));
      onResolve({ filter: new RegExp(`^bundled:${name}$`) }, () => ({ path: require.resolve(name) }));
      onLoad({ filter: new RegExp(`^${name}$`), namespace: 'addon' }, () => ({
        contents: `module.exports = __addons.${name} ? require('bundled:${name}') : require('whole:${name}');`,
        resolveDir: process.cwd(),
      }));
      onLoad({ filter: asks }, () => ({ contents: answer }));
    }
  },
};

/** The packages as they are bundled, NAME@VERSION. */
export function bundledVersions() {
  return ADDONS.map(({ name }) => `${name}@${readVersion(name)}`);
}

function readVersion(name) {
  // koffi exports no package.json.
  for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
  }
}
