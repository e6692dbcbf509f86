import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dispatch, type Holder } from '../../../src/sends/queue/dispatch.js';
import type { Entry } from '../../../src/sends/queue/entry.js';
import { makeEntry } from '../../helpers/entries.js';

function takeAll(dispatch: Dispatch, holder: Holder): Entry[] {
  const taken: Entry[] = [];
  for (let entry = dispatch.take(holder); entry; entry = dispatch.take(holder)) taken.push(entry);
  return taken;
}

/** Entries of one module, added in this order. */
function addAll(dispatch: Dispatch, servers: (string | null)[], module = 'm'): Entry[] {
  const entries = servers.map((server) => makeEntry({ server, module }));
  for (const entry of entries) dispatch.add(entry);
  return entries;
}

describe('the server that gets a message of a module', () => {
  it('is the server that the message is for, even when that comes later and another one is there', () => {
    const dispatch = new Dispatch();
    const [a1, b1, a2] = addAll(dispatch, ['a', 'b', 'a']);
    expect(takeAll(dispatch, dispatch.attach('b', 10))).toEqual([b1]);
    expect(takeAll(dispatch, dispatch.attach('a', 10))).toEqual([a1, a2]);
  });

  it('is any server when the message is for none; a module with a home stays there', () => {
    const dispatch = new Dispatch();
    const sent = addAll(dispatch, [null, null, null, null]);
    const [x, y] = [dispatch.attach('x', 2), dispatch.attach('y', 10)];
    expect(takeAll(dispatch, y)).toEqual([]);
    expect(takeAll(dispatch, x)).toEqual(sent.slice(0, 2));
    expect(dispatch.release(x, sent[0]?.sentId as string)).toBe(sent[0]);
    expect(takeAll(dispatch, x)).toEqual([sent[2]]);
    dispatch.detach(x);
    expect(takeAll(dispatch, y)).toEqual(sent.slice(1));
  });

  it('may become known while the message waits, which keeps its place in the order of arrival', () => {
    const dispatch = new Dispatch();
    const sent = addAll(dispatch, [null, 'a', null, null, 'b', null]);
    const others = addAll(dispatch, [null], 'n');
    for (const i of [0, 3]) (sent[i] as Entry).server = 'a';
    dispatch.regroup();
    const free = takeAll(dispatch, dispatch.attach('x', 10));
    expect(free.filter(({ module }) => module === 'm')).toEqual([sent[2], sent[5]]);
    expect(free.filter(({ module }) => module === 'n')).toEqual(others);
    expect(takeAll(dispatch, dispatch.attach('a', 10))).toEqual([sent[0], sent[1], sent[3]]);
    expect(takeAll(dispatch, dispatch.attach('b', 10))).toEqual([sent[4]]);
  });

  it('may become known while another one has the message, and gets it when the other leaves', () => {
    const dispatch = new Dispatch();
    const [first, second] = addAll(dispatch, [null, null]);
    const x = dispatch.attach('x', 1);
    expect(takeAll(dispatch, x)).toEqual([first]);
    for (const entry of [first, second]) (entry as Entry).server = 'a';
    dispatch.regroup();
    dispatch.detach(x);
    expect(takeAll(dispatch, dispatch.attach('x', 10))).toEqual([]);
    expect(takeAll(dispatch, dispatch.attach('a', 10))).toEqual([first, second]);
  });

  it('may become known while another one has the message, which goes to a present server when the other leaves', () => {
    const dispatch = new Dispatch();
    const [first] = addAll(dispatch, [null]);
    const x = dispatch.attach('x', 1);
    expect(takeAll(dispatch, x)).toEqual([first]);
    const a = dispatch.attach('a', 10);
    expect(takeAll(dispatch, a)).toEqual([]);
    (first as Entry).server = 'a';
    dispatch.regroup();
    dispatch.detach(x);
    expect(takeAll(dispatch, a)).toEqual([first]);
  });

  it('is known by name while away, with the number of messages that wait for it', () => {
    const dispatch = new Dispatch();
    const [a] = addAll(dispatch, ['a', 'b', null, 'b']);
    addAll(dispatch, ['b', 'c'], 'n');
    const c = dispatch.attach('c', 10);
    expect(dispatch.away()).toEqual([
      { server: 'b', waiting: 3 },
      { server: 'a', waiting: 1 },
    ]);
    takeAll(dispatch, c);
    dispatch.detach(c);
    dispatch.remove(a as Entry);
    expect(dispatch.away()).toEqual([
      { server: 'b', waiting: 3 },
      { server: 'c', waiting: 1 },
    ]);
  });

  it('differs between modules, which are spread over servers', () => {
    const dispatch = new Dispatch();
    const [x, y] = [dispatch.attach('x', 10), dispatch.attach('y', 10)];
    const first = addAll(dispatch, [null], 'one');
    const second = addAll(dispatch, [null], 'two');
    expect([takeAll(dispatch, x), takeAll(dispatch, y)]).toEqual([first, second]);
  });

  it('gets the messages of a module in order, both those for it and those for any server', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 10);
    const sent = addAll(dispatch, [null, 'x', null, 'x', 'x', null]);
    expect(takeAll(dispatch, x)).toEqual(sent);
  });

  it('gets no more than the window, and not much more than 8 MiB', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 2);
    const small = addAll(dispatch, [null, null, null]);
    expect(takeAll(dispatch, x)).toHaveLength(2);
    for (const { sentId } of small) dispatch.release(x, sentId);
    dispatch.detach(x);
    const wide = dispatch.attach('x', 1000);
    takeAll(dispatch, wide);
    for (let i = 0; i < 20; i++) dispatch.add(makeEntry({ payload: 'x'.repeat(1024 * 1024) }));
    const large = takeAll(dispatch, wide);
    expect(large.length).toBe(8);
    expect(dispatch.release(wide, large[0]?.sentId as string)).not.toBeNull();
    expect(takeAll(dispatch, wide)).toHaveLength(1);
  });

  it('gets messages of the modules in turn', () => {
    const dispatch = new Dispatch();
    addAll(dispatch, [null, null, null, null], 'flood');
    addAll(dispatch, [null, null], 'other');
    const x = dispatch.attach('x', 4);
    expect(takeAll(dispatch, x).map(({ module }) => module)).toEqual(['flood', 'other', 'flood', 'other']);
  });

  it('gets nothing once it is gone, and can acknowledge nothing', () => {
    const dispatch = new Dispatch();
    const [sent] = addAll(dispatch, ['x', 'x']);
    const x = dispatch.attach('x', 1);
    takeAll(dispatch, x);
    dispatch.detach(x);
    expect(dispatch.take(x)).toBeNull();
    expect(dispatch.release(x, sent?.sentId as string)).toBeNull();
    const again = dispatch.attach('x', 10);
    dispatch.detach(x);
    expect(dispatch.isHere('x')).toBe(true);
    expect(takeAll(dispatch, again)).toHaveLength(2);
  });

  it('is another one when the home is stuck: it has all that it takes, and acknowledges nothing', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 2, 1000);
    const y = dispatch.attach('y', 2, 1000);
    const sent = addAll(dispatch, [null, null, null, null, 'x']);
    takeAll(dispatch, x);
    expect(dispatch.moveHomes(1000)).toBe(11_000);
    dispatch.release(x, sent[0]?.sentId as string, 5000);
    expect(takeAll(dispatch, x)).toEqual([sent[2]]);
    expect(dispatch.moveHomes(14_999)).toBe(15_999);
    expect(takeAll(dispatch, y)).toEqual([]);
    expect(dispatch.moveHomes(15_000)).toBeNull();
    expect(takeAll(dispatch, y)).toEqual([sent[3]]);
    // What is for that server waits for it.
    dispatch.release(x, sent[1]?.sentId as string, 15_000);
    expect(takeAll(dispatch, x)).toEqual([sent[4]]);
  });

  it('stays the same after a burst that follows a long rest', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 1, 0);
    dispatch.attach('y', 1, 0);
    addAll(dispatch, [null, null]);
    dispatch.take(x, 60_000);
    expect(dispatch.moveHomes(60_000)).toBe(70_000);
    expect(dispatch.moveHomes(70_000)).toBeNull();
  });

  it('stays the same, though stuck, while no other one has room', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 1, 0);
    const sent = addAll(dispatch, [null, null]);
    takeAll(dispatch, x);
    expect(dispatch.moveHomes(20_000)).toBe(21_000);
    const y = dispatch.attach('y', 1, 20_000);
    expect(dispatch.moveHomes(21_000)).toBeNull();
    expect(takeAll(dispatch, y)).toEqual([sent[1]]);
  });

  it('gets one message of each module at a time if it says so, however large they are', () => {
    const dispatch = new Dispatch();
    const large = 'x'.repeat(5 * 1024 * 1024);
    const add = (module: string) => {
      const entry = makeEntry({ module, payload: large });
      dispatch.add(entry);
      return entry;
    };
    const [m1, m2, n1, o1] = ['m', 'm', 'n', 'o'].map(add) as [Entry, Entry, Entry, Entry];
    const x = dispatch.attach('x', 10, 0, 1);
    expect(takeAll(dispatch, x)).toEqual([m1, n1, o1]);
    const m3 = add('m');
    expect(takeAll(dispatch, x)).toEqual([]);
    dispatch.release(x, n1.sentId);
    expect(takeAll(dispatch, x)).toEqual([]);
    dispatch.release(x, m1.sentId);
    expect(takeAll(dispatch, x)).toEqual([m2]);
    dispatch.detach(x);
    const again = takeAll(dispatch, dispatch.attach('y', 10, 0, 2));
    expect(again.filter(({ module }) => module === 'm')).toEqual([m2, m3]);
    expect(again.filter(({ module }) => module !== 'm')).toEqual([o1]);
  });

  it('gets no more of all modules than the window, even if each may have one', () => {
    const dispatch = new Dispatch();
    const entries = ['a', 'b', 'c'].map((module) => makeEntry({ module }));
    for (const entry of entries) dispatch.add(entry);
    const x = dispatch.attach('x', 2, 0, 1);
    expect(takeAll(dispatch, x)).toHaveLength(2);
  });

  it('is another one after 10 s, when the home has all that it takes of a module', () => {
    const dispatch = new Dispatch();
    const x = dispatch.attach('x', 10, 0, 1);
    const [first, second] = addAll(dispatch, [null, null]);
    expect(takeAll(dispatch, x)).toEqual([first]);
    const y = dispatch.attach('y', 10);
    expect(dispatch.moveHomes(9_999)).not.toBeNull();
    expect(takeAll(dispatch, y)).toEqual([]);
    dispatch.moveHomes(10_000);
    expect(takeAll(dispatch, y)).toEqual([second]);
  });

  it('does not lose a message to expiry, which takes only waiting ones, the oldest first', () => {
    const dispatch = new Dispatch();
    const entries = [10, 20, 30].map((sinceMs) => makeEntry({ server: 'x', sinceMs }));
    for (const entry of entries) dispatch.add(entry);
    expect(dispatch.oldestMs()).toBe(10);
    const x = dispatch.attach('x', 1);
    takeAll(dispatch, x);
    expect(dispatch.oldestMs()).toBe(20);
    expect(dispatch.expire(25)).toEqual([entries[1]]);
    dispatch.detach(x);
    expect(dispatch.expire(25)).toEqual([entries[0]]);
    expect(takeAll(dispatch, dispatch.attach('x', 10))).toEqual([entries[2]]);
  });

  it('has a name that is remembered in bounded memory, and as long as messages wait for it', () => {
    const dispatch = new Dispatch();
    addAll(dispatch, ['waits']);
    dispatch.know('waits');
    for (let i = 0; i < 3000; i++) dispatch.detach(dispatch.attach(`flood-${i}`, 1));
    expect(dispatch.isKnown('waits')).toBe(true);
    expect(dispatch.isKnown('flood-2999')).toBe(true);
    expect(dispatch.isKnown('flood-0')).toBe(false);
  });
});

describe('whatever servers and modules do', () => {
  const NAMES = ['x', 'y', 'z'];
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('send'),
        module: fc.constantFrom('m', 'n'),
        server: fc.constantFrom(null, ...NAMES),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('attach'),
        server: fc.constantFrom(...NAMES),
        window: fc.integer({ min: 1, max: 5 }),
        perModule: fc.constantFrom(null, null, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('detach'), server: fc.constantFrom(...NAMES) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('take'), server: fc.constantFrom(...NAMES) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('ack'), server: fc.constantFrom(...NAMES), at: fc.nat(5) }) },
  ) as fc.Arbitrary<{
    kind: string;
    module?: string;
    server: string | null;
    window?: number;
    perModule?: number | null;
    at?: number;
  }>;

  it('no message is lost or given twice, windows hold, and each server gets the messages of a module in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const dispatch = new Dispatch();
        const holders = new Map<string, Holder>();
        const sent = new Set<Entry>();
        const done = new Set<Entry>();
        /** By connection, module and the server that it is for. */
        const lastPlaces = new Map<Holder, Map<string, number>>();
        const mostOf = new Map<Holder, number | null>();
        const take = (holder: Holder) => {
          const entry = dispatch.take(holder);
          if (!entry) return false;
          expect(done.has(entry)).toBe(false);
          expect(entry.server === null || entry.server === holder.server).toBe(true);
          for (const other of holders.values()) if (other !== holder) expect(other.held.has(entry.sentId)).toBe(false);
          expect(holder.held.size).toBeLessThanOrEqual(holder.window);
          const ofModule = [...holder.held.values()].filter(({ module }) => module === entry.module);
          expect(ofModule.length).toBeLessThanOrEqual(mostOf.get(holder) ?? holder.window);
          const places = lastPlaces.get(holder) as Map<string, number>;
          const row = `${entry.module} ${entry.server}`;
          expect(entry.place).toBeGreaterThan(places.get(row) ?? 0);
          places.set(row, entry.place);
          return true;
        };
        const attach = (server: string, window: number, perModule: number | null) => {
          const holder = dispatch.attach(server, window, 0, perModule);
          mostOf.set(holder, perModule);
          holders.set(server, holder);
          lastPlaces.set(holder, new Map());
        };
        const finish = (holder: Holder, entry: Entry) => {
          expect(dispatch.release(holder, entry.sentId)).toBe(entry);
          done.add(entry);
        };
        for (const { kind, module = 'm', server, window = 1, perModule = null, at = 0 } of steps) {
          const holder = holders.get(server ?? '');
          if (kind === 'send') {
            const entry = makeEntry({ module, server });
            sent.add(entry);
            dispatch.add(entry);
          } else if (kind === 'attach' && !holder) {
            attach(server as string, window, perModule);
          } else if (kind === 'detach' && holder) {
            dispatch.detach(holder);
            holders.delete(holder.server);
          } else if (kind === 'take' && holder) {
            take(holder);
          } else if (kind === 'ack' && holder) {
            const entry = [...holder.held.values()][at];
            if (entry) finish(holder, entry);
          }
        }
        // In the end all are there, and everything is taken.
        for (const name of NAMES) if (!holders.has(name)) attach(name, 3, null);
        for (let goesOn = true; goesOn; ) {
          goesOn = false;
          for (const holder of holders.values()) {
            while (take(holder)) goesOn = true;
            for (const entry of [...holder.held.values()]) {
              finish(holder, entry);
              goesOn = true;
            }
          }
        }
        expect(done).toEqual(sent);
        expect(dispatch.oldestMs()).toBeNull();
      }),
    );
  });

  it('one server gets the messages of a module in order while no server leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(null, 'x', 'y'), { maxLength: 50 }), fc.boolean(), (servers, isFirst) => {
        const dispatch = new Dispatch();
        const attach = () => [dispatch.attach('x', 100), dispatch.attach('y', 100)];
        const early = isFirst ? attach() : null;
        addAll(dispatch, servers);
        for (const holder of early ?? attach()) {
          const places = takeAll(dispatch, holder).map(({ place }) => place);
          expect(places).toEqual([...places].sort((a, b) => a - b));
        }
      }),
    );
  });
});
