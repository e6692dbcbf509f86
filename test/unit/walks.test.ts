/** The lists of files in docs/architecture.md: what a message, a crash and a reload pass. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

const FILE = /`([\w./-]+\.(?:ts|c))`/g;

/** The paths in the table that follows some words; a name without a folder is in that of the name before it. */
function filesBelow(words: string): string[] {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs/architecture.md'), 'utf8');
  const [, below = ''] = page.split(words);
  const [table = ''] = /^\|.*(?:\n\|.*)*/m.exec(below) ?? [];
  const files: string[] = [];
  for (const [, name = ''] of table.matchAll(FILE)) {
    // A file that comes again, on the way back, stands there with its name alone.
    if (files.some((file) => file.endsWith(`/${name}`))) continue;
    const before = dirname(files.at(-1) ?? '');
    const folder = name.startsWith('src/') ? '' : name.startsWith('native/') ? dirname(before) : before;
    files.push(join(folder, name));
  }
  return files;
}

/** Every import of a file, and of what that imports: what is read when it runs. */
function reaches(from: string): Set<string> {
  const found = new Set<string>();
  const follow = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
    for (const [, to = ''] of text.matchAll(/(?:\bfrom|\bimport\() ?'(\.{1,2}\/[^']+)\.js'/g)) {
      const path = join(dirname(file), `${to}.ts`);
      if (existsSync(join(PACKAGE_ROOT, path))) follow(path);
    }
  };
  follow(from);
  return found;
}

describe.each([
  ['### The files on that way', 30],
  ['To follow a **crash**', 23],
  ['To follow a **reload**', 9],
])('%s', (words, count) => {
  it('names existing files', () => {
    const files = filesBelow(words);
    expect(files.filter((file) => !existsSync(join(PACKAGE_ROOT, file)))).toEqual([]);
    expect(new Set(files).size).toBe(count);
  });

  it('names files that the core or a host loads', () => {
    const loaded = new Set([...reaches('src/core/core.ts'), ...reaches('src/host-runner/main.ts')]);
    expect(filesBelow(words).filter((file) => file.endsWith('.ts') && !loaded.has(file))).toEqual([]);
  });
});
