/** The arrows of docs/architecture.md: who imports whom. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

/** The files right below src that are no helpers of all; each belongs to a layer. */
const ABOVE_HELPERS: Record<string, string> = {
  'module-names': 'module-names',
  check: 'throwaway',
  daemon: 'daemon',
  index: 'index',
};
/** What a layer may import: only layers above it in this list, so no arrow can lead back. */
const MAY_IMPORT: Record<string, string[]> = {
  helpers: [],
  wire: ['helpers'],
  filter: ['helpers', 'wire'],
  config: ['helpers', 'filter'],
  'unix-socket': ['helpers'],
  'module-names': ['helpers', 'config'],
  'host-runner': ['helpers', 'config', 'wire'],
  stacks: ['helpers', 'wire'],
  quarantine: ['helpers', 'config', 'wire', 'module-names'],
  supervisor: ['helpers', 'config', 'wire', 'filter', 'module-names', 'stacks', 'quarantine'],
  crashes: ['helpers', 'config', 'wire', 'stacks', 'supervisor'],
  logs: ['helpers', 'wire', 'supervisor'],
  control: ['helpers', 'wire', 'unix-socket', 'supervisor', 'quarantine'],
  sends: ['helpers', 'config', 'wire', 'supervisor'],
  servers: ['helpers', 'wire', 'supervisor'],
  gateway: ['helpers', 'wire', 'unix-socket', 'supervisor', 'sends', 'servers'],
  http: ['helpers', 'config', 'wire', 'unix-socket', 'supervisor', 'sends', 'servers'],
  webhook: ['helpers', 'wire', 'sends'],
  metrics: ['helpers', 'supervisor', 'sends'],
  'in-process': ['helpers', 'config', 'wire', 'host-runner'],
  replay: ['helpers', 'config', 'wire', 'stacks', 'supervisor', 'crashes', 'in-process'],
  throwaway: ['helpers', 'config', 'host-runner', 'stacks', 'supervisor', 'crashes'],
  core: [
    'helpers',
    'config',
    'wire',
    'supervisor',
    'logs',
    'control',
    'sends',
    'servers',
    'gateway',
    'http',
    'webhook',
    'metrics',
    'stacks',
    'crashes',
  ],
  daemon: ['helpers', 'config', 'supervisor', 'logs', 'core'],
  client: ['helpers', 'wire'],
  index: ['helpers', 'config', 'supervisor', 'core'],
};

/**
 * The same for the folders of the supervisor, with what stands right in it as `face`: what only has types, `types.ts`, is a
 * helper of all. Who runs hosts and who keeps calls know nothing of each other's insides: a host knows both by interfaces.
 */
const SUPERVISOR_MAY_IMPORT: Record<string, string[]> = {
  types: [],
  directories: [],
  runner: [],
  'runner/local': ['directories', 'runner'],
  calls: ['types', 'runner'],
  builds: ['types'],
  trials: ['types'],
  host: ['types', 'runner', 'calls', 'builds', 'trials'],
  news: ['types', 'runner', 'calls', 'host'],
  module: ['types', 'runner', 'calls', 'builds', 'trials', 'host', 'news'],
  recovery: ['types', 'directories', 'runner', 'runner/local', 'calls', 'news'],
  orders: ['types', 'builds', 'module'],
  watch: [],
  face: [
    'types',
    'directories',
    'runner/local',
    'calls',
    'builds',
    'trials',
    'news',
    'module',
    'recovery',
    'orders',
    'watch',
  ],
};

function folderOf(path: string): string {
  const file = path.replace(/\.js$/, '.ts');
  if (file === 'src/supervisor/types.ts') return 'types';
  const [, folder = 'face'] = /^src\/supervisor\/(runner\/local|[\w-]+)\//.exec(file) ?? [];
  return folder;
}

function layerOf(path: string): string {
  const [, folder, file] = /^src\/(?:([\w-]+)\/)?.*?([\w-]+)\.[jt]s$/.exec(path) ?? [];
  return folder ?? ABOVE_HELPERS[file ?? ''] ?? (path.startsWith('src/') ? 'helpers' : 'cli');
}

const files = readdirSync(join(PACKAGE_ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

/** What a file imports of this repository. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|\bimport\(?) ?'(\.{1,2}\/[^']+)'/g);
  return [...found].map(([, to = '']) => normalize(join(dirname(file), to)));
}

it.each([
  ['layer', MAY_IMPORT],
  ['folder of the supervisor', SUPERVISOR_MAY_IMPORT],
])('no %s may import one that may import it', (_, mayImport) => {
  const names = Object.keys(mayImport);
  for (const [at, name] of names.entries())
    expect(mayImport[name]?.filter((other) => !names.slice(0, at).includes(other))).toEqual([]);
});

it.each(Object.keys(SUPERVISOR_MAY_IMPORT))('%s of the supervisor imports what it may, and has files', (folder) => {
  const own = files.filter((file) => layerOf(file) === 'supervisor' && folderOf(file) === folder);
  expect(own).not.toEqual([]);
  const mayImport = [folder, ...(SUPERVISOR_MAY_IMPORT[folder] ?? [])];
  const wrong = own.flatMap((file) =>
    importsOf(file)
      .filter((to) => layerOf(to) === 'supervisor' && !mayImport.includes(folderOf(to)))
      .map((to) => `${file} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

it('no file imports a file that leads back to it', () => {
  const graph = new Map(files.map((file) => [file, importsOf(file).map((to) => to.replace(/\.js$/, '.ts'))]));
  // What imports nothing that is left cannot be part of a circle.
  for (let size = -1; size !== graph.size; ) {
    size = graph.size;
    for (const [file, to] of graph) if (!to.some((other) => graph.has(other))) graph.delete(file);
  }
  expect([...graph.keys()]).toEqual([]);
});

it.each(Object.keys(MAY_IMPORT))('%s imports what it may, and has files', (layer) => {
  const own = files.filter((file) => layerOf(file) === layer);
  expect(own).not.toEqual([]);
  const wrong = own.flatMap((file) =>
    importsOf(file)
      .filter((to) => ![layer, ...(MAY_IMPORT[layer] ?? [])].includes(layerOf(to)))
      .map((to) => `${file} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

it('every file belongs to a layer', () => {
  expect(files.filter((file) => !(layerOf(file) in MAY_IMPORT))).toEqual([]);
});
