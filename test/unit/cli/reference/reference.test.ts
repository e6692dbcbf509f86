import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../../../cli/program.js';
import { manPage } from '../../../../cli/reference/man.js';
import { EXAMPLES } from '../../../../cli/reference/manual.js';
import { markdownPage } from '../../../../cli/reference/markdown.js';
import { metricsPage } from '../../../../cli/reference/metrics-page.js';
import { readReference } from '../../../../cli/reference/reference.js';
import { PACKAGE_ROOT } from '../../../../src/paths.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const reference = readReference(createProgram());

it('docs/cli.md is generated from the commands; if not: npm run docs', () => {
  expect(readFileSync(join(PACKAGE_ROOT, 'docs/cli.md'), 'utf8')).toBe(markdownPage(reference));
});

it('docs/metrics.md is generated from the metrics; if not: npm run docs', () => {
  expect(readFileSync(join(PACKAGE_ROOT, 'docs/metrics.md'), 'utf8')).toBe(metricsPage());
});

it('every command and option is described', () => {
  for (const verb of reference.verbs) {
    expect(verb.summary).toMatch(/^[a-z].{20,}[^.]$/);
    for (const { description } of [...verb.options, ...verb.arguments]) expect(description).toMatch(/^\S.{3,}[^.]$/);
  }
  const page = manPage(reference);
  for (const { name } of reference.verbs) expect(page).toContain(`.SS ${name} `);
});

it('the examples use existing commands, with options that they take', () => {
  for (const [line] of EXAMPLES) {
    for (const command of line.split(' && ')) {
      const [, name, ...words] = command.split(' ');
      const verb = reference.verbs.find((verb) => verb.name === name);
      const known = verb?.options.flatMap(({ long, short }) => [long, short]);
      expect(known).toEqual(expect.arrayContaining(words.filter((word) => word.startsWith('-'))));
    }
  }
});

const hasMan = spawnSync('man', ['--version']).error === undefined;

it.skipIf(!hasMan)('man finds no fault in the manual page', () => {
  const file = join(makeTempDir(), 'mesibo-modules.1');
  writeFileSync(file, manPage(reference));
  const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
  const { stdout, stderr, status } = spawnSync('man', ['--warnings', '-l', file], { encoding: 'utf8', env });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('mesibo-modules try [options] <so-file> [text...]');
  expect(stdout).toMatch(/EXIT STATUS\n +0 +It worked\./);
});
