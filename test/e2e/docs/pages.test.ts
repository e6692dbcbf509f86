/** Every block of every page is run, or is exempt with a reason beside it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { findBlocks, listPages, readPage } from '../../helpers/doc-blocks.js';
import { Clone } from './clone.js';
import { EJABBERD } from './ejabberd.js';
import { GUIDES } from './guides.js';
import { PROSODY } from './prosody.js';
import { REFERENCE } from './reference.js';
import { SAMPLES } from './samples.js';
import type { Step } from './steps.js';

const STEPS: Record<string, Step | Step[]> = {
  ...GUIDES,
  ...SAMPLES,
  ...REFERENCE,
  'docs/ejabberd.md': EJABBERD,
  'docs/prosody.md': PROSODY,
};

it('steps exist only for existing pages', () => {
  expect(listPages()).toEqual(expect.arrayContaining(Object.keys(STEPS)));
});

it('the scripts that pages name exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  const named = listPages().flatMap((page) => [...readPage(page).matchAll(/npm run (?:-s )?([\w:]+)/g)]);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named.map(([, name]) => name)));
});

it('no page installs the package from the registry, where it does not exist', () => {
  const claims = listPages().filter((page) =>
    /\bnpm (i|install|exec)\b[^`\n]* mesibo-modules\b(?![-/])/.test(readPage(page)),
  );
  expect(claims).toEqual([]);
});

it.each(listPages())('%s', { timeout: 180_000 }, (page) => {
  const blocks = findBlocks(readPage(page));
  const given = STEPS[page] ?? [];
  const steps = Array.isArray(given) ? given : blocks.map(() => given);
  expect(blocks.map(({ line }) => line)).toHaveLength(steps.length);
  if (blocks.length === 0) return;
  const clone = new Clone();
  try {
    blocks.forEach((block, at) => {
      try {
        steps[at]?.(block, clone);
      } catch (error) {
        throw new Error(`${page}:${block.line}: ${(error as Error).message}`, { cause: error });
      }
    });
  } finally {
    clone.close();
  }
});
