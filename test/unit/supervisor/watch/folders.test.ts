import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFolders } from '../../../../src/supervisor/watch/folders.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

function make(paths: string[], links: Record<string, string> = {}): string {
  const root = makeTempDir();
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  return root;
}

async function folders(root: string, path: string) {
  const found = await findFolders(join(root, path));
  return [...found].map(([folder, names]) => `${folder.slice(root.length)}/ ${[...names].join(' ')}`);
}

describe('the folders where a change can put another file at a path', () => {
  it('are that of the file', async () => {
    expect(await folders(make(['m/a.so']), 'm/a.so')).toEqual(['/m/ a.so']);
  });

  it('are that of a link and that of its target', async () => {
    const root = make(['m/a-1.so', 'other/a-2.so'], { 'm/a.so': 'a-1.so', 'm/b.so': '../other/a-2.so' });
    expect(await folders(root, 'm/a.so')).toEqual(['/m/ a.so a-1.so']);
    expect(await folders(root, 'm/b.so')).toEqual(['/m/ b.so', '/other/ a-2.so']);
  });

  it('are those of links to folders on the way, as with releases', async () => {
    const root = make(['releases/5/a.so'], { current: 'releases/5' });
    expect(await folders(root, 'current/a.so')).toEqual(['/ current', '/releases/5/ a.so']);
  });

  it('are those of a chain of links, as in a volume of Kubernetes', async () => {
    const root = make(['v/..2026/a.so'], { 'v/..data': '..2026', 'v/a.so': '..data/a.so' });
    expect(await folders(root, 'v/a.so')).toEqual(['/v/ a.so ..data', '/v/..2026/ a.so']);
  });

  it('end with what is missing', async () => {
    const root = make(['m/other'], { 'm/gone.so': 'nowhere/a.so' });
    expect(await folders(root, 'm/a.so')).toEqual(['/m/ a.so']);
    expect(await folders(root, 'm/gone.so')).toEqual(['/m/ gone.so nowhere']);
    expect(await folders(root, 'no/such/folder/a.so')).toEqual(['/ no']);
  });

  it('end where links lead round in circles', async () => {
    const root = make([], { a: 'b', b: 'a' });
    expect(await folders(root, 'a')).toEqual(['/ a b']);
  });
});
