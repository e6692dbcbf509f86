import { describe, expect, test } from 'vitest';
import { renderList } from '../../../../cli/render/list.js';
import { countColumns } from '../../../../cli/text/columns.js';
import type { ModuleStatus } from '../../../../src/supervisor/types.js';
import { crashed, serving } from '../../../helpers/statuses.js';
import { withoutColour } from '../../../helpers/without-colour.js';

const path = `/opt/${'long-directory-\u4f60/'.repeat(12)}module_filter.so`;
const deep: ModuleStatus = { ...serving, path, description: 'blocks words' };

describe.each([100, 80, 60])('in %d columns', (width) => {
  test.each([true, false])('every line fits, and a path keeps its ends (colour: %s)', (colour) => {
    const lines = renderList([deep, { ...crashed, name: 'n'.repeat(64) }], { width, colour }).split('\n');
    expect(Math.max(...lines.map((line) => countColumns(withoutColour(line))))).toBeLessThanOrEqual(width);
    const alone = renderList([deep], { width, colour });
    expect(withoutColour(alone)).toMatch(/ \/opt\/.*\.\.\..*\/module_filter\.so$/m);
    expect(withoutColour(alone)).toMatch(/\na wider terminal shows FOUND BY, DESCRIPTION$/);
    expect(alone.includes('\x1b[32mserving')).toBe(colour);
  });
});

test('without a terminal, nothing is cut', () => {
  const name = 'n'.repeat(64);
  expect(renderList([{ ...deep, name }], { width: Number.POSITIVE_INFINITY, colour: false }).split('\n')[1]).toBe(
    `${name}  serving  exports-2020  symbols   ${path}  blocks words`,
  );
});
