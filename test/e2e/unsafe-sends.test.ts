import { afterEach, expect, it } from 'vitest';
import { MemoryKeeper } from '../helpers/memory-keeper.js';
import { fixtureModule, TestCore } from './core.js';

const HEARTBEAT_MS = 200;
/** A host that holds calls and does nothing is given up after ten of these. */
const SILENCE_MS = 10 * HEARTBEAT_MS;

const keeper = new MemoryKeeper({ isHeld: true });
let core: TestCore;
afterEach(async () => {
  keeper.release();
  await core.close();
});

it('while no message of a module becomes safe, its host waits with a full ring, is not given up, and loses nothing', async () => {
  const module = fixtureModule('sends-many', { deadlineMs: 2 * SILENCE_MS, hangMs: null });
  const bounds = { blackBoxBytes: 2 ** 21, maxMessageBytes: 2 ** 16, heartbeatMs: HEARTBEAT_MS };
  core = await new TestCore({ modules: [module], ...bounds }, {}, { sendKeeper: keeper }).start();
  await core.send('40000');
  const { total, refused } = core.module('sends_many').sends;
  expect(total + refused).toBe(40_000);
  expect(refused).toBeGreaterThan(1000);
  const texts = () => keeper.kept.map(({ payload }) => payload.toString());
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => `sent ${i + 1}`);
  expect(texts()).toEqual(upTo(total));
  // Its result takes the last room, or finds none.
  for (let isFull = false; !isFull; ) {
    const { trace } = await core.send('9');
    const [entry] = trace;
    expect([null, 'deadline']).toContain(entry?.default);
    isFull = entry?.default === 'deadline';
  }
  const before = texts().length;
  keeper.release();
  expect((await core.send('10')).trace).toMatchObject([{ default: null }]);
  expect(texts().slice(before)).toEqual(upTo(10));
  expect(core.module('sends_many')).toMatchObject({ generation: 1, crashes: { total: 0 } });
});
