import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChildCore } from '../helpers/child-core.js';
import { MemoryKeeper } from '../helpers/memory-keeper.js';
import { boxesOf, fixtureModule, isRunning, readRunId, TestCore } from './core.js';

// The killed core stands still on purpose, not because it is late.
const patient = { deadlineMs: 60_000, hangMs: null };
const sendsMany = fixtureModule('sends-many', patient);
const floods = fixtureModule('flood', patient);

let killed: ChildCore;
let next: TestCore;

beforeEach(() => {
  next = new TestCore({ modules: [sendsMany, floods] });
});
afterEach(async () => {
  await killed.kill();
  await next.close();
});

const upTo = (count: number) => Array.from({ length: count }, (_, i) => `sent ${i + 1}`);
const textsOf = (core: ChildCore) => core.sent.map(({ text }) => text);
const recovered = () => next.sent.map(({ payload }) => payload.toString());
const line = (sends: number, lines: number) =>
  `${sends} messages and ${lines} log lines were found in the black boxes of a killed core and delivered now`;

/** Starts a core that stands still, by then, at one of the messages of one call, which is over. */
async function standStill(at: number, count: number): Promise<void> {
  killed = await ChildCore.start({ runDir: next.runDir, modules: [sendsMany], standStillAt: at });
  killed.send(String(count));
  await killed.until(() => killed.sent.length === at);
}

it('the next core delivers what a module sent, and repeats at most one message', async () => {
  await standStill(700, 5000);
  const runId = readRunId(next.runDir);
  await killed.kill();
  await next.start();
  expect(textsOf(killed)).toEqual(upTo(700));
  // It stood still while the 700th was announced, before it could note that.
  expect(recovered()).toEqual(upTo(5000).slice(699));
  expect(next.sent.every(({ module, generation }) => module === 'sends_many' && generation === 1)).toBe(true);
  expect(next.sent[0]).toMatchObject({ params: { id: 700n, to: 'a', from: 'b' } });
  expect(next.supervisor.status().core.recoveredSends).toBe(4301);
  expect(new Set(next.sent.map(({ sentId }) => sentId)).size).toBe(4301);
  // It is for a module that has no callback for it: nobody else is asked.
  const { sentId, params } = next.sent[0] as TestCore['sent'][number];
  expect(await next.supervisor.onMessageStatus(params, 2, { sentId })).toMatchObject({ trace: [] });
  expect(next.logs.map(({ text }) => text)).toContain(line(4301, 0));
  expect(boxesOf(runId)).toEqual([]);
});

it('delivered messages are not delivered again, however often the ring of the box was full', async () => {
  killed = await ChildCore.start({ runDir: next.runDir, modules: [sendsMany] });
  for (let i = 0; i < 15; i++) expect(await killed.outcome('4000')).toEqual([null]);
  expect(killed.sent).toHaveLength(60_000);
  await killed.kill();
  await next.start();
  expect(next.sent).toEqual([]);
  expect(next.supervisor.status().core.recoveredSends).toBe(0);
});

it('the rest of a call is delivered after many earlier calls', async () => {
  killed = await ChildCore.start({ runDir: next.runDir, modules: [sendsMany], standStillAt: 60_050 });
  for (let i = 0; i < 15; i++) expect(await killed.outcome('4000')).toEqual([null]);
  killed.send('200');
  await killed.until(() => killed.sent.length === 60_050);
  await killed.kill();
  await next.start();
  expect(recovered()).toEqual(upTo(200).slice(49));
});

it('a core that is killed while it delivers leaves the rest to the one after it', async () => {
  await standStill(10, 3000);
  const runId = readRunId(next.runDir);
  await killed.kill();
  const second = new ChildCore({ runDir: next.runDir, modules: [sendsMany], standStillAt: 1500 });
  await second.until(() => second.sent.length === 1500);
  await second.kill();
  await next.start();
  expect(textsOf(second)).toEqual(upTo(3000).slice(9, 1509));
  expect(recovered()).toEqual(upTo(3000).slice(1508));
  expect([...second.hosts, ...killed.hosts].filter(isRunning)).toEqual([]);
  expect(boxesOf(runId)).toEqual([]);
});

describe('with a keeper', () => {
  let keeper: MemoryKeeper;
  beforeEach(() => {
    keeper = new MemoryKeeper();
    next = new TestCore({ modules: [floods] }, {}, { sendKeeper: keeper });
  });
  const named = (all: { sentId: string; payload: Buffer; params: { id: number | bigint } }[]) =>
    all.map(({ sentId, payload, params }) => ({ sentId, text: payload.toString(), id: String(params.id) }));
  const told = (core: ChildCore) => core.kept.map(({ sentId, text, id }) => ({ sentId, text, id }));

  /** A core whose keeper has been given so many messages, of which the first are safe. */
  async function keep(count: number, safeSends: number): Promise<string> {
    killed = await ChildCore.start({ runDir: next.runDir, modules: [sendsMany], safeSends });
    killed.send(String(count));
    await killed.until(() => killed.kept.length === count);
    const runId = readRunId(next.runDir);
    await killed.kill();
    return runId;
  }

  it('every message that was read but not safe is there again under the same id, even when its module is gone', async () => {
    const runId = await keep(5000, 0);
    await next.start();
    expect(named(keeper.kept)).toEqual(told(killed));
    expect(keeper.kept.map(({ sentId }) => sentId.slice(0, runId.length))).toEqual(new Array(5000).fill(runId));
    expect([keeper.repeated, next.sent, boxesOf(runId)]).toEqual([0, [], []]);
    expect(next.supervisor.status().core.recoveredSends).toBe(5000);
  });

  it('they come before everything that their module sends to the next core, however early', async () => {
    const hangs = fixtureModule('init-hangs', { startTimeoutMs: 1000 });
    next = new TestCore({ modules: [sendsMany, hangs] }, {}, { sendKeeper: keeper });
    await keep(300, 0);
    const early = new Promise<unknown>((resolve) => {
      next.supervisor.on('lifecycle', ({ kind, module }) => {
        if (kind === 'ready' && module === sendsMany.name) resolve(next.send('2'));
      });
    });
    await next.start();
    await early;
    expect(named(keeper.kept).map(({ text }) => text)).toEqual([...upTo(300), ...upTo(2)]);
  });

  it('no message that was safe is there again', async () => {
    await keep(3000, 3000);
    await next.start();
    expect(keeper.kept).toEqual([]);
  });

  it('messages of the core before come first, and no module is started until they are safe', async () => {
    keeper = new MemoryKeeper({ isHeld: true });
    next = new TestCore({ modules: [sendsMany] }, {}, { sendKeeper: keeper });
    await keep(500, 0);
    const starting = next.start();
    await keeper.until(() => keeper.kept.length === 500 && keeper.waiting > 0);
    await new Promise(setImmediate);
    expect([next.lives, next.module('sends_many').state]).toEqual([[], 'stopped']);
    await expect(next.send('1')).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    keeper.release();
    await starting;
    await next.send('3');
    expect(keeper.kept.slice(-3).map(({ payload }) => payload.toString())).toEqual(upTo(3));
  });

  it('a stop during the recovery leaves the rest to the next core', async () => {
    const runId = await keep(500, 0);
    const held = new MemoryKeeper({ isHeld: true });
    const stopped = new TestCore({ modules: [sendsMany] }, {}, { sendKeeper: held, runDir: next.runDir });
    const starting = stopped.supervisor.start();
    await held.until(() => held.kept.length > 0);
    const stopping = stopped.supervisor.stop();
    await held.until(() => held.waiting > 0);
    held.release();
    await expect(starting).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    await stopping;
    expect(boxesOf(runId).some((name) => name.includes('-sends_many-'))).toBe(true);
    await next.start();
    const ids = [...held.kept, ...keeper.kept].map(({ sentId }) => sentId);
    expect(ids).toEqual(told(killed).map(({ sentId }) => sentId));
  });

  it('a box stays until everything read from it is safe, however often the core is killed meanwhile', async () => {
    const runId = await keep(2000, 0);
    for (let i = 0; i < 2; i++) {
      const second = new ChildCore({ runDir: next.runDir, modules: [], safeSends: 0 });
      await second.until(() => second.kept.length === 2000);
      await second.kill();
      expect(told(second)).toEqual(told(killed));
      expect(boxesOf(runId).filter((name) => name.includes('-sends_many-'))).toHaveLength(1);
    }
    await next.start();
    expect(named(keeper.kept)).toEqual(told(killed));
    expect(boxesOf(runId)).toEqual([]);
  });

  it('the messages of a dead host are there again when its core is killed before they are safe', async () => {
    const crashes = fixtureModule('sends-then-crashes', patient);
    killed = await ChildCore.start({ runDir: next.runDir, modules: [crashes], safeSends: 0 });
    killed.send('crash');
    await killed.until(() => killed.lives('ready').length === 2);
    const runId = readRunId(next.runDir);
    await killed.kill();
    await next.start();
    expect(named(keeper.kept)).toEqual(told(killed));
    expect(keeper.kept).toMatchObject([{ generation: 1, sentId: expect.stringContaining(`${runId}-`) }]);
    expect(boxesOf(runId)).toEqual([]);
  });
});

it('lines that a module logged are announced, perhaps twice, but none is missing', async () => {
  const standStillAt = 'line 100';
  killed = await ChildCore.start({ runDir: next.runDir, modules: [floods], standStillAt });
  killed.send('5000');
  await killed.until(() => killed.logs.some(({ text }) => text === standStillAt));
  await killed.kill();
  await next.start();
  const lines = next.lines('flood');
  expect(lines.slice(-4900)).toEqual(Array.from({ length: 4900 }, (_, i) => `line ${101 + i}`));
  expect(next.logs.map(({ text }) => text)).toContain(line(0, lines.length));
});
