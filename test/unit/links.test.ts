/** Everything that pages name exists: the files and headings that they link to, the files in their text, the tests of each promise. */

import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { listPages, readPage } from '../helpers/doc-blocks.js';

/** The name under which a heading can be linked to, as GitHub makes it. */
function anchorOf(heading: string): string {
  const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return words.replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-');
}

function anchorsOf(page: string): string[] {
  const prose = readPage(page).replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

it.each(listPages())('%s links to what is there', (page) => {
  const links = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const dead = links.filter((link) => {
    if (/^\w+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : posix.join(posix.dirname(page), path);
    if (!existsSync(join(PACKAGE_ROOT, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
  expect(dead).toEqual([]);
});

it.each(listPages())('%s names files that there are', (page) => {
  const named = [...readPage(page).matchAll(/`((?:src|cli|test|scripts|bench|proto|etc|bridges)\/[\w./*-]+)`/g)];
  // Of the tests of a folder, the folder.
  const paths = named.map(([, path = '']) => path.replace(/\*\.test\.ts$/, ''));
  expect(paths.filter((path) => !existsSync(join(PACKAGE_ROOT, path)))).toEqual([]);
});

it('each promise names its tests', () => {
  const promises = [...readPage('docs/promises.md').matchAll(/^\| [A-Z].*\. \|.*\|$/gm)].map(([row]) => row);
  expect(promises.length).toBeGreaterThan(10);
  expect(promises.filter((row) => !/\. \| `(test\/|npm run )/.test(row))).toEqual([]);
});
