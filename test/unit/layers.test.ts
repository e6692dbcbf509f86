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
/** What a layer may import: of those above it here alone, so that no arrow can lead back. */
const MAY_IMPORT: Record<string, string[]> = {
  helpers: [],
  config: ['helpers'],
  wire: ['helpers'],
  'module-names': ['helpers', 'config'],
  'host-runner': ['helpers', 'config', 'wire'],
  supervisor: ['helpers', 'config', 'wire', 'module-names'],
  logs: ['helpers', 'wire', 'supervisor'],
  control: ['helpers', 'wire', 'supervisor'],
  'in-process': ['helpers', 'config', 'host-runner'],
  throwaway: ['helpers', 'config', 'host-runner', 'supervisor'],
  daemon: ['helpers', 'config', 'wire', 'supervisor', 'logs', 'control'],
  index: ['helpers', 'config', 'supervisor'],
};

function layerOf(path: string): string {
  const [, folder, file] = /^src\/(?:([\w-]+)\/)?.*?([\w-]+)\.[jt]s$/.exec(path) ?? [];
  return folder ?? ABOVE_HELPERS[file ?? ''] ?? (path.startsWith('src/') ? 'helpers' : 'cli');
}

const files = readdirSync(join(PACKAGE_ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

it('no layer may import one that may import it', () => {
  const names = Object.keys(MAY_IMPORT);
  for (const [at, name] of names.entries())
    expect(MAY_IMPORT[name]?.filter((other) => !names.slice(0, at).includes(other))).toEqual([]);
});

it.each(Object.keys(MAY_IMPORT))('%s imports what it may, and has files', (layer) => {
  const own = files.filter((file) => layerOf(file) === layer);
  expect(own).not.toEqual([]);
  const wrong = own.flatMap((file) =>
    [...readFileSync(join(PACKAGE_ROOT, file), 'utf8').matchAll(/(?:\bfrom|\bimport\(?) ?'(\.{1,2}\/[^']+)'/g)]
      .map(([, to = '']) => normalize(join(dirname(file), to)))
      .filter((to) => ![layer, ...(MAY_IMPORT[layer] ?? [])].includes(layerOf(to)))
      .map((to) => `${file} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

it('every file belongs to a layer', () => {
  expect(files.filter((file) => !(layerOf(file) in MAY_IMPORT))).toEqual([]);
});
