import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Listed, RowList } from '../../../src/sends/queue/row-list.js';

class One implements Listed<One> {
  list: RowList<One> | null = null;
  before: One | null = null;
  after: One | null = null;
  constructor(readonly place: number) {}
}

function inRow(row: RowList<One>): One[] {
  const all: One[] = [];
  for (let one = row.first; one !== null; one = one.after) {
    expect(one.before).toBe(all.at(-1) ?? null);
    expect(one.list).toBe(row);
    all.push(one);
  }
  return all;
}

it('a row is in the order of places; entries of one place are in the order in which they came', () => {
  const step = fc.record({ place: fc.integer({ min: -5, max: 5 }), leaves: fc.option(fc.nat(20)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const row = new RowList<One>();
      let expected: One[] = [];
      for (const { place, leaves } of steps) {
        const one = new One(place);
        row.insert(one);
        // A sort keeps the order of equals.
        expected = [...expected, one].sort((a, b) => a.place - b.place);
        const gone = leaves === null ? undefined : expected[leaves];
        if (gone) {
          row.remove(gone);
          expected = expected.filter((one) => one !== gone);
        }
        expect(inRow(row)).toEqual(expected);
        expect(row.size).toBe(expected.length);
      }
    }),
  );
});
