import { describe, expect, it } from 'vitest';
import { MAX_ENTRIES } from '../../../src/quarantine/policy.js';
import { QuarantineTable } from '../../../src/quarantine/table.js';
import type { QuarantineSettings } from '../../../src/quarantine/types.js';
import { BUILD, DAY_MS, killBy, message, ONCE, OTHER_BUILD } from '../../helpers/quarantine.js';

let nowMs = 1_000_000;
let saves = 0;

function tableWith(settings: QuarantineSettings = ONCE): QuarantineTable {
  saves = 0;
  nowMs = 1_000_000;
  const save = () => {
    saves += 1;
  };
  return new QuarantineTable({ module: 'filter', entries: [], settings, save, now: () => nowMs });
}

describe('a message that killed the module', () => {
  it('is withheld when it comes again, also with another id', () => {
    const table = tableWith();
    expect(table.isEmpty).toBe(true);
    expect(table.add(killBy(message('boom', { id: 1 })))).toMatchObject({
      state: 'withheld',
      crashes: 1,
      messageId: '1',
    });
    expect(table.isEmpty).toBe(false);
    expect(table.withholds(message('boom', { id: 2 }), BUILD)).toBe(true);
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
    expect(table.withholds(message('fine', { id: 2 }), BUILD)).toBe(false);
    expect(table.list(BUILD)).toMatchObject([{ withheld: 2 }]);
  });

  it('is withheld by its id with other bytes, if sender and receiver are the same', () => {
    const table = tableWith();
    table.add(killBy(message('boom', { id: 2n ** 63n })));
    expect(table.withholds(message('boom at 13:15', { id: 2n ** 63n }), BUILD)).toBe(true);
    expect(table.withholds(message('boom at 13:15', { id: 2n ** 63n, to: 'carol' }), BUILD)).toBe(false);
    expect(table.withholds(message('boom at 13:15', { id: 2n ** 63n + 1n }), BUILD)).toBe(false);
  });

  it('without an id is not taken for others without an id', () => {
    const table = tableWith();
    table.add(killBy(message('boom', { id: 0 })));
    expect(table.withholds(message('fine', { id: 0 }), BUILD)).toBe(false);
  });

  it('goes to another build, and not to the same build afterwards', () => {
    const table = tableWith();
    table.add(killBy(message('boom')));
    expect(table.withholds(message('boom'), OTHER_BUILD)).toBe(false);
    expect(table.list(OTHER_BUILD)).toMatchObject([{ state: 'lifted' }]);
    expect([table.count(BUILD), table.count(OTHER_BUILD)]).toEqual([1, 0]);
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });

  it('is given again when its time is over, and then may be withheld anew', () => {
    const table = tableWith();
    table.add(killBy(message('boom')));
    nowMs += DAY_MS - 1;
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
    nowMs += 1;
    expect([table.list(BUILD), table.count(BUILD)]).toEqual([[], 0]);
    expect(table.withholds(message('boom'), BUILD)).toBe(false);
    expect(table.isEmpty).toBe(true);
    expect(table.add(killBy(message('boom')))).toMatchObject({ crashes: 1, withheld: 0 });
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });

  it('stays withheld when the clock is set back', () => {
    const table = tableWith();
    table.add(killBy(message('boom')));
    nowMs = 1000;
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });

  it('is known by its bytes also when it has a mebibyte', () => {
    const table = tableWith();
    const large = Buffer.alloc(1024 * 1024, 'x');
    table.add(killBy(message(large)));
    expect(table.withholds(message(large), BUILD)).toBe(true);
    large[700_000] = 0;
    expect(table.withholds(message(large), BUILD)).toBe(false);
    expect(JSON.stringify(table.entries).length).toBeLessThan(1000);
  });

  it('is remembered with the beginning of its addresses, and known by all of them', () => {
    const table = tableWith();
    const from = 'x'.repeat(60_000);
    table.add(killBy(message('boom', { from, id: 5 })));
    expect(table.list(BUILD)[0]?.from).toBe(`${'x'.repeat(197)}...`);
    expect(table.withholds(message('boom', { from }), BUILD)).toBe(true);
    expect(table.withholds(message('boom', { from: `${from}y` }), BUILD)).toBe(false);
    expect(table.withholds(message('other', { from: `${from}y`, id: 5 }), BUILD)).toBe(false);
  });
});

describe('quarantine = N', () => {
  it('withholds a message after so many crashes', () => {
    const table = tableWith({ ...ONCE, quarantine: 3 });
    for (const crashes of [1, 2]) {
      expect(table.add(killBy(message('boom')))).toMatchObject({ state: 'counted', crashes });
      expect([table.isEmpty, table.withholds(message('boom'), BUILD)]).toEqual([true, false]);
    }
    expect(table.add(killBy(message('boom')))).toMatchObject({ state: 'withheld', crashes: 3 });
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });

  it('counts a message with the same id and other bytes as well', () => {
    const table = tableWith({ ...ONCE, quarantine: 2 });
    table.add(killBy(message('boom 1', { id: 7 })));
    expect(table.add(killBy(message('boom 2', { id: 7 })))).toMatchObject({ state: 'withheld', crashes: 2 });
    expect(table.withholds(message('boom 3', { id: 7 }), BUILD)).toBe(true);
    expect(table.withholds(message('boom 1', { id: 8 }), BUILD)).toBe(false);
  });

  it('counts the crashes of each build on its own', () => {
    const table = tableWith({ ...ONCE, quarantine: 2 });
    table.add(killBy(message('boom')));
    expect(table.add(killBy(message('boom'), { build: OTHER_BUILD }))).toMatchObject({ state: 'counted', crashes: 1 });
  });

  it('holds for what is known already when it is changed', () => {
    const table = tableWith();
    table.add(killBy(message('boom')));
    table.configure({ ...ONCE, quarantine: 2 });
    expect([table.isEmpty, table.list(BUILD)[0]?.state]).toEqual([true, 'counted']);
    table.configure({ ...ONCE, quarantine: null });
    expect([table.isEmpty, table.add(killBy(message('more')))]).toEqual([true, null]);
    table.configure(ONCE);
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });
});

describe('what a table holds', () => {
  it('is bounded: the oldest leaves first, and before it what other builds have left', () => {
    const table = tableWith();
    table.add(killBy(message('of another build'), { build: OTHER_BUILD }));
    nowMs += 1;
    for (let number = 0; number < MAX_ENTRIES; number++) {
      nowMs += 1;
      table.add(killBy(message(`boom ${number}`)));
    }
    expect(table.entries).toHaveLength(MAX_ENTRIES);
    expect(table.withholds(message('of another build'), OTHER_BUILD)).toBe(false);
    expect(table.withholds(message('boom 0'), BUILD)).toBe(true);
    nowMs += 1;
    table.add(killBy(message('one more')));
    expect(table.withholds(message('boom 0'), BUILD)).toBe(false);
    expect(table.withholds(message('boom 1'), BUILD)).toBe(true);
    expect(table.count(BUILD)).toBe(MAX_ENTRIES);
  });

  it('is written after a death, after a release, and at the end if messages were withheld', () => {
    const table = tableWith();
    table.save();
    expect(saves).toBe(0);
    table.add(killBy(message('boom')));
    table.save();
    table.save();
    expect(saves).toBe(1);
    table.withholds(message('boom'), BUILD);
    table.save();
    expect(saves).toBe(2);
    table.release(new Set(['filter-000000000000']));
    expect(saves).toBe(2);
    table.release(new Set(table.list(BUILD).map(({ id }) => id)));
    expect(saves).toBe(3);
    expect([table.isEmpty, table.withholds(message('boom'), BUILD)]).toEqual([true, false]);
  });

  it('lists the last death first', () => {
    const table = tableWith();
    for (const name of ['a', 'b', 'c']) {
      nowMs += 1;
      table.add(killBy(message(name, { type: name.charCodeAt(0) })));
    }
    nowMs += 1;
    table.add(killBy(message('b', { type: 98 })));
    expect(table.list(null).map(({ type, crashes }) => [type, crashes])).toEqual([
      ['98', 2],
      ['99', 1],
      ['97', 1],
    ]);
  });

  it('finds any of many, and takes no other message for one of them', () => {
    const table = tableWith();
    for (let number = 0; number < 500; number++) table.add(killBy(message(`boom ${number}`, { id: number * 2 })));
    for (let number = 0; number < 500; number++) {
      expect(table.withholds(message(`boom ${number}`, { id: 10_000 + number }), BUILD)).toBe(true);
      expect(table.withholds(message(`fine ${number}`, { id: number * 2 + 1 }), BUILD)).toBe(false);
    }
  });
});

describe('a build that another module has run', () => {
  it('does not get here what killed it there, and keeps what is known of it here', () => {
    const [here, there] = [tableWith(), tableWith()];
    here.add(killBy(message('of another build'), { build: OTHER_BUILD }));
    there.add(killBy(message('boom'), { module: 'filter2' }));
    there.add(killBy(message('of another build too'), { module: 'filter2', build: OTHER_BUILD }));
    there.withholds(message('boom'), BUILD);
    here.take(there.ofBuild(BUILD));
    expect(here.withholds(message('boom'), BUILD)).toBe(true);
    expect(here.withholds(message('of another build'), OTHER_BUILD)).toBe(true);
    expect(here.withholds(message('of another build too'), OTHER_BUILD)).toBe(false);
    const [entry] = here.list(BUILD).filter(({ build }) => build === BUILD);
    expect(entry).toMatchObject({ id: expect.stringMatching(/^filter-/), withheld: 1, crashes: 1 });
    // There it stays.
    expect(there.withholds(message('boom'), BUILD)).toBe(true);
    here.save();
    expect(saves).toBe(1);
  });

  it('is taken once, with the higher count, and not where nothing is withheld', () => {
    const twice = { ...ONCE, quarantine: 2 };
    const [here, there] = [tableWith(twice), tableWith(twice)];
    for (let i = 0; i < 2; i++) there.add(killBy(message('boom')));
    here.add(killBy(message('boom')));
    expect(here.withholds(message('boom'), BUILD)).toBe(false);
    for (let i = 0; i < 2; i++) here.take(there.ofBuild(BUILD));
    expect(here.list(BUILD)).toMatchObject([{ crashes: 2 }]);
    expect(here.withholds(message('boom'), BUILD)).toBe(true);
    const off = tableWith({ ...ONCE, quarantine: null });
    off.take(there.ofBuild(BUILD));
    expect(off.entries).toEqual([]);
  });
});
