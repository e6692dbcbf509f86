import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { SAMPLES } from '../../helpers/samples.js';

const MODULES = join(PACKAGE_ROOT, 'modules');
const read = (...path: string[]) => readFileSync(join(MODULES, ...path), 'utf8');
/** The first group of each match. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] as string);

it('README lists the samples that the package has', () => {
  const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  expect(all(readme, /^\| \[`\w+`\]\(modules\/(\w+)\) \|/gm).sort()).toEqual(SAMPLES);
});

describe.each(SAMPLES)('the README of %s', (name) => {
  const file = ['c', 'cpp'].map((ending) => `${name}.${ending}`).find((file) => existsSync(join(MODULES, name, file)));
  const source = read(name, file as string);
  const readme = read(name, 'README.md');

  it('lists the settings that the module reads, and no others', () => {
    const used = all(source, /(?:getconfig|\bsetting)\(mod, "(\w+)"/g);
    expect(readme.includes('| setting |') ? all(readme, /^\| `(\w+)` \|/gm) : []).toEqual(used);
  });

  it('says which ABI it is built for, and how to build and try it', () => {
    const [abi = 'TABLE'] = all(source, /^#define MESIBO_MODULE_ABI MESIBO_ABI_(\w+)$/gm);
    expect(readme).toContain(`ABI: \`${abi.toLowerCase().replace('_', '-')}\``);
    expect(readme).toContain(`\nmake -C modules ${name}\n`);
    expect(readme).toContain(`\nnpx mesibo-modules try modules/build/module_${name}.so "`);
    for (const setting of all(readme, /--conf "?(\w+)=/g)) expect(source).toContain(`mod, "${setting}"`);
  });
});

describe('the skeleton', () => {
  it('has every callback of its ABI', () => {
    const table = /^struct mesibo_module_s \{[\s\S]*?^\};/m.exec(read('include/mesibo/module.h'))?.[0] ?? '';
    const callbacks = [...new Set(all(table, /\(\*(on_\w+)\)/g))].sort();
    expect(callbacks).toHaveLength(7);
    expect(all(read('skeleton/skeleton.c'), /\bmod->(on_\w+) = /g).sort()).toEqual(callbacks);
  });
});
