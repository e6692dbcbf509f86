import { expect, test } from 'vitest';
import { describeChecked } from '../../../../cli/render/check.js';

const all = (count: number, ...bad: string[]) => [
  ...Array.from({ length: count - bad.length }, (_, i) => ({ module: `m${i}`, isGood: true })),
  ...bad.map((module) => ({ module, isGood: false })),
];

test.each([
  [all(10, 'translate'), '9 of 10 modules are good; translate is not'],
  [all(3, 'translate', 'filter'), '1 of 3 modules is good; translate, filter are not'],
  [all(2, 'a', 'b'), '0 of 2 modules are good; a, b are not'],
  [all(2), 'all 2 modules are good'],
  [all(1), null],
  [all(1, 'translate'), null],
  [[], null],
])('a check of %j ends with one line', (checked, line) => {
  expect(describeChecked(checked)).toBe(line);
});
