/** The folders of the command line: who imports whom. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';

/** What a folder may import of the command line: only folders above it in this list, so no arrow can lead back. */
const MAY_IMPORT: Record<string, string[]> = {
  text: [],
  render: ['text'],
  'render/quarantine': ['text', 'render'],
  'render/crashes': ['text', 'render'],
  terminal: ['text', 'render'],
  input: ['terminal'],
  core: ['terminal', 'input'],
  json: [],
  reference: ['json'],
  'commands/crashes': ['render/crashes', 'terminal', 'input', 'core'],
  'commands/quarantine': ['commands/crashes', 'render', 'render/quarantine', 'terminal', 'input', 'core'],
  commands: [
    'text',
    'render',
    'render/crashes',
    'terminal',
    'input',
    'core',
    'reference',
    'commands/quarantine',
    'commands/crashes',
  ],
  // The files that node is started with, and those that they share.
  entries: ['terminal', 'input', 'core', 'reference', 'commands'],
};
const ENTRIES = ['cli/main.ts', 'cli/program.ts', 'cli/client.ts', 'cli/client-verbs.ts', 'cli/reference/write.ts'];

const files = readdirSync(join(PACKAGE_ROOT, 'cli'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('cli', file));

function folderOf(file: string): string {
  return ENTRIES.includes(file) ? 'entries' : dirname(file).replace(/^cli\//, '');
}

/** The files of the command line that one imports. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom|\bimport\(?) ?'(\.{1,2}\/[^']+)\.js'/g)]
    .map(([, to = '']) => `${normalize(join(dirname(file), to))}.ts`)
    .filter((to) => to.startsWith('cli/'));
}

it('no folder may import one that may import it', () => {
  const names = Object.keys(MAY_IMPORT);
  for (const [at, name] of names.entries())
    expect(MAY_IMPORT[name]?.filter((other) => !names.slice(0, at).includes(other))).toEqual([]);
});

it.each(Object.keys(MAY_IMPORT))('%s imports what it may, and has files', (folder) => {
  const own = files.filter((file) => folderOf(file) === folder);
  expect(own).not.toEqual([]);
  const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
  const wrong = own.flatMap((file) =>
    importsOf(file)
      .filter((to) => !allowed.includes(folderOf(to)))
      .map((to) => `${file} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

it('every file belongs to a folder, and few are at the top', () => {
  expect(files.filter((file) => !(folderOf(file) in MAY_IMPORT))).toEqual([]);
});

it('no file imports itself by way of others', () => {
  const circles: string[][] = [];
  const done = new Set<string>();
  const follow = (file: string, way: string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file]);
    if (done.has(file)) return;
    done.add(file);
    for (const to of importsOf(file)) follow(to, [...way, file]);
  };
  for (const file of files) follow(file, []);
  expect(circles).toEqual([]);
});
