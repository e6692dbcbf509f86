import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryKeeper } from '../helpers/memory-keeper.js';
import { boxesOf, fixtureModule, patientConfig, readRunId, TestCore } from './core.js';

const MODULE = 'sends_many';
let keeper: MemoryKeeper;
let core: TestCore;

function start(options: ConstructorParameters<typeof TestCore>[0], isHeld = false): Promise<TestCore> {
  keeper = new MemoryKeeper({ isHeld });
  core = new TestCore(options, {}, { sendKeeper: keeper });
  return core.start();
}
beforeEach(() => {
  keeper = new MemoryKeeper();
});
afterEach(async () => {
  keeper.release();
  await core.close();
});

const texts = () => keeper.kept.map(({ payload }) => payload.toString());
const upTo = (count: number) => Array.from({ length: count }, (_, i) => `sent ${i + 1}`);
/** The generations of the module whose boxes are there. */
const boxes = (runId: string) =>
  boxesOf(runId)
    .filter((name) => name.includes(MODULE))
    .map((name) => name.split('-').at(-1))
    .sort();
const refusals = () => core.lines(MODULE).filter((line) => line.endsWith('refused'));

/** Kills the host that serves, and waits for the next. */
async function killHost(): Promise<void> {
  const { pid, generation } = core.module(MODULE);
  process.kill(pid as number, 'SIGKILL');
  await core.serving(MODULE, generation + 1);
}

describe('a message that a module sends, with a keeper', () => {
  it('is given to it once, in order, and to watchers too, and nobody else takes it', async () => {
    await start({ modules: [fixtureModule('sends-many')] });
    const watched: string[] = [];
    core.supervisor.on('sent', ({ sentId }) => watched.push(sentId));
    await core.send('100');
    expect(texts()).toEqual(upTo(100));
    expect(watched).toEqual(keeper.kept.map(({ sentId }) => sentId));
    expect([new Set(watched).size, core.sent]).toEqual([100, []]);
    expect(core.module(MODULE).sends).toMatchObject({ total: 100, undelivered: 0, refused: 0 });
  });

  it('has the event that caused it, also when a thread sends it, and none where the event has no origin', async () => {
    await start({ modules: [fixtureModule('sends-many'), fixtureModule('thread-logs-and-sends')] });
    const origin = (eventId: bigint) => ({ server: 'prosody', eventId, hops: 0 });
    const send = (eventId: bigint) =>
      core.supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from('2'), { origin: origin(eventId) });
    await Promise.all([send(7n), core.send('1'), send(2n ** 64n - 1n)]);
    const causes = keeper.kept.map(({ module, cause }) => ({ module, cause }));
    const of = (module: string) => causes.filter((one) => one.module === module).map(({ cause }) => cause);
    const [first, last] = [origin(7n), origin(2n ** 64n - 1n)];
    expect(of(MODULE)).toEqual(expect.arrayContaining([first, first, null, last, last]));
    expect(of('thread_logs_and_sends')).toEqual(expect.arrayContaining([first, null, last]));
    expect(causes).toHaveLength(8);
  });

  it('stays in the box of a dead host until it is safe', async () => {
    await start({ modules: [fixtureModule('sends-many')], spareHosts: 0 }, true);
    const runId = readRunId(core.runDir);
    await core.send('5');
    await killHost();
    await core.send('5');
    expect(boxes(runId)).toEqual(['1', '2']);
    keeper.release();
    await new Promise(setImmediate);
    expect(boxes(runId)).toEqual(['2']);
    expect(texts()).toEqual([...upTo(5), ...upTo(5)]);
    expect([new Set(keeper.kept.map(({ sentId }) => sentId)).size, keeper.repeated]).toEqual([10, 0]);
  });

  it('has a new id when the module was removed and is added again', async () => {
    const module = fixtureModule('sends-many');
    await start({ modules: [module] }, true);
    await core.send('3');
    await core.supervisor.reload(patientConfig({ modules: [] }));
    await core.supervisor.reload(patientConfig({ modules: [module] }));
    await core.send('3');
    expect(texts()).toEqual([...upTo(3), ...upTo(3)]);
    expect(keeper.repeated).toBe(0);
    expect(core.module(MODULE).generation).toBe(2);
  });

  it('is safe when the supervisor has stopped, which waits for that', async () => {
    await start({ modules: [fixtureModule('sends-many')], spareHosts: 0 }, true);
    const runId = readRunId(core.runDir);
    await core.send('5');
    let isStopped = false;
    const stopped = core.supervisor.stop().then(() => {
      isStopped = true;
    });
    await core.until(() => core.lives.some(({ kind }) => kind === 'exited'));
    await new Promise(setImmediate);
    expect([isStopped, boxes(runId)]).toEqual([false, ['1']]);
    keeper.release();
    await stopped;
    expect(boxesOf(runId)).toEqual([]);
  });
});

describe('while a keeper is full', () => {
  it('send_message returns -1, also in hosts that start meanwhile, and works again when there is room', async () => {
    await start({ modules: [fixtureModule('sends-many'), fixtureModule('thread-logs-and-sends')] });
    await core.send('2');
    keeper.fill(MODULE, true);
    await core.send('3');
    expect(refusals()).toEqual(['3 refused']);
    await killHost();
    await core.send('4');
    expect(refusals()).toEqual(['3 refused', '4 refused']);
    expect(core.module(MODULE).sends).toMatchObject({ total: 2, refused: 7 });
    keeper.fill(MODULE, false);
    await core.send('1');
    expect(refusals()).toHaveLength(2);
    expect(keeper.kept.filter(({ module }) => module === MODULE).map(({ payload }) => payload.toString())).toEqual([
      'sent 1',
      'sent 2',
      'sent 1',
    ]);
    // Another module's sends are no worse for it.
    expect(core.module('thread_logs_and_sends').sends).toMatchObject({ total: 4, refused: 0 });
  });
});
