import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';

const read = (file: string) => readFileSync(join(PACKAGE_ROOT, file), 'utf8');
const oldest = (JSON.parse(read('package.json')) as { engines: { node: string } }).engines.node.replace('>=', '');

it.each(['README.md', 'docs/getting-started.md'])(
  '%s asks for the oldest Node.js that the package promises',
  (page) => {
    expect(/Node\.js ([\d.]+) or\s+newer/.exec(read(page))?.[1]).toBe(oldest);
  },
);

it('the package is tested with the oldest Node.js that is promised', () => {
  expect(/^const NODES = \['([\d.]+)'/m.exec(read('scripts/check-package.mjs'))?.[1]).toBe(oldest);
});
