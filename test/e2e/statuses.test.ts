import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModule, fixtureOf, startCore, type TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

type Sent = TestCore['sent'][number];

/** Lets a module send one message; resolves with what was announced. */
async function sendBack(text: string): Promise<Sent> {
  await core.send(text);
  return core.sent.at(-1) as Sent;
}

const FAILED = 0x80;

describe.each(['table', '2019', '2020'] as const)('the status of a message that a module sent (%s)', (abi) => {
  const module = fixtureOf(abi, 'statuses');
  const around = [fixtureModule('all-callbacks-table'), module, fixtureModule('all-callbacks-2020')];
  const statuses = () => core.lines(module.name);

  /** No other module is told. */
  function expectAlone(): void {
    for (const name of ['all_callbacks_table', 'all_callbacks_2020']) {
      expect(core.lines(name).filter((line) => line.startsWith('on_message_status'))).toEqual([]);
    }
  }

  it('goes to it alone, by the id that it was announced with', async () => {
    core = await startCore(around);
    const { sentId, params } = await sendBack('7');
    const told = await core.supervisor.onMessageStatus(params, 2, { sentId });
    expect(told).toMatchObject({ verdict: 'pass', by: null, trace: [{ module: module.name, default: null }] });
    expect(told.trace).toHaveLength(1);
    const read = await core.supervisor.onMessageStatus({}, 3, { sentId });
    expect(read).toMatchObject({ verdict: 'consumed', by: module.name });
    expect(statuses()).toEqual(['status=2 id=7 flags=0 from=bob to=alice', 'status=3 id=7 flags=0 from=bob to=alice']);
    expectAlone();
  });

  it('is found by its id and addresses as well, and a status between other users goes through the chain', async () => {
    core = await startCore(around);
    const { params } = await sendBack('7');
    await core.supervisor.onMessageStatus({ id: 7, from: 'bob', to: 'alice' }, 2);
    await core.supervisor.onMessageStatus(params, 0x88);
    expectAlone();
    const other = await core.supervisor.onMessageStatus({ id: 7, from: 'alice', to: 'bob' }, 2);
    expect(other.trace.map((entry) => entry.module)).toEqual(around.map(({ name }) => name));
    expect(statuses()).toEqual([
      'status=2 id=7 flags=0 from=bob to=alice',
      'status=136 id=7 flags=0 from=bob to=alice',
      'status=2 id=7 flags=0 from=alice to=bob',
    ]);
  });

  it('has the id that was assigned where the module gave none', async () => {
    core = await startCore([module]);
    const { params } = await sendBack('0');
    const { params: second } = await sendBack('0');
    expect(params.id).toBeGreaterThan(0n);
    expect(params.id).toBeLessThan(2n ** 63n);
    expect(second.id).not.toBe(params.id);
    await core.supervisor.onMessageStatus(params, 1);
    expect(statuses()).toEqual([`status=1 id=${params.id} flags=0 from=bob to=alice`]);
  });

  it('has all bits of what the module sent, which plain numbers cannot hold', async () => {
    core = await startCore([module]);
    const { sentId, params } = await sendBack('18446744073709551615 1152921504606846977');
    await core.supervisor.onMessageStatus(params, 2, { sentId });
    await core.supervisor.onMessageStatus({ ...params, from: 'carol' }, 2, { sentId });
    expect(statuses()).toEqual([
      'status=2 id=18446744073709551615 flags=1152921504606846977 from=bob to=alice',
      'status=2 id=18446744073709551615 flags=1152921504606846977 from=carol to=alice',
    ]);
  });

  it('goes to its next host when the one that sent it is gone', async () => {
    core = await startCore([module]);
    const { sentId, generation, params } = await sendBack('7');
    await core.send('crash');
    await core.serving(module.name, 2);
    await core.supervisor.onMessageStatus(params, 2, { sentId });
    const line = core.logs.find(({ text }) => text.startsWith('status=2'));
    expect([generation, line?.generation]).toEqual([1, 2]);
    const next = await sendBack('7');
    expect(next.generation).toBe(2);
    expect(next.sentId).not.toBe(sentId);
  });

  it('goes to its module even when an earlier core handed on the message', async () => {
    core = await startCore([module]);
    const { sentId, params } = await sendBack('7');
    await core.close();
    core = await startCore([module]);
    await core.supervisor.onMessageStatus(params, 2, { sentId });
    expect(statuses()).toEqual(['status=2 id=7 flags=0 from=bob to=alice']);
  });

  it('is 0x80 when nobody listens, and that is counted and said', async () => {
    core = await startCore([module]);
    core.supervisor.removeAllListeners('message');
    await core.send('7');
    await core.until(() => statuses().length === 1);
    expect(statuses()).toEqual(['status=128 id=7 flags=0 from=bob to=alice']);
    expect(core.module(module.name).sends).toMatchObject({ total: 1, undelivered: 1, refused: 0, waiting: 0 });
    await core.supervisor.stop();
    expect(core.logs).toContainEqual(
      expect.objectContaining({
        source: 'supervisor',
        level: 1,
        text: `module ${module.name}: nobody takes what it sends: 1 message was not delivered`,
      }),
    );
  });

  it('is 0x80 for its next host when it sent it just before it died', async () => {
    core = await startCore([module]);
    core.supervisor.removeAllListeners('message');
    await core.send('7 crash');
    await core.until(() => statuses().length === 1);
    expect(statuses()).toEqual(['status=128 id=7 flags=0 from=bob to=alice']);
    expect(core.logs.find(({ text }) => text.startsWith('status='))?.generation).toBe(2);
  });

  it('may be given while the message is announced, also when its host has died meanwhile', async () => {
    core = await startCore([module]);
    const told: Promise<unknown>[] = [];
    core.supervisor.on('message', ({ params, sentId }) => {
      told.push(core.supervisor.onMessageStatus(params, 2, { sentId }));
    });
    await core.send('7');
    await core.send('8 crash');
    expect(await Promise.all(told)).toMatchObject([{ trace: [{ default: null }] }, { trace: [{ default: null }] }]);
    expect(statuses()).toEqual(['status=2 id=7 flags=0 from=bob to=alice', 'status=2 id=8 flags=0 from=bob to=alice']);
  });

  it('is 0x80 when the listener throws, whose error surfaces', async () => {
    core = await startCore([module]);
    const heard = new Promise<unknown>((resolve) => {
      const own = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of own) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    const mistake = new Error('a mistake of the program');
    core.supervisor.once('message', () => {
      throw mistake;
    });
    await core.send('7');
    expect(await heard).toBe(mistake);
    await core.until(() => statuses().length === 1);
    expect(statuses()).toEqual(['status=128 id=7 flags=0 from=bob to=alice']);
    expect(core.module(module.name).sends).toMatchObject({ total: 1, undelivered: 1, refused: 0, waiting: 0 });
    await core.send('9');
    expect(core.module(module.name).sends).toMatchObject({ total: 2, undelivered: 1, refused: 0, waiting: 0 });
    await core.supervisor.stop();
    expect(core.lines(module.name, 'supervisor').at(-1)).toMatch(/: 1 message was not delivered: the program .* threw/);
  });
});

describe('a status', () => {
  it('counts as given to a module that overran its deadline, and as not given to the modules after it', async () => {
    core = await startCore([fixtureModule('slow', { deadlineMs: 1500 })]);
    const tell = (status: number) =>
      core.supervisor.tellSender({ from: 'a', to: 'b' }, status, { sentId: '1f0c-slow-1-0' });
    expect(await Promise.all([tell(4000), tell(1), tell(2)])).toEqual([true, false, false]);
    expect(await tell(1)).toBe(true);
    await core.supervisor.stopModule('slow');
    expect(await tell(1)).toBe(false);
  });

  it('is refused when its sentId names no module', async () => {
    core = await startCore([fixtureModule('statuses-table')]);
    const { sentId, params } = await sendBack('7');
    for (const wrong of ['', 'nonsense', sentId.replace('statuses_table', 'other'), `${sentId}!`]) {
      await expect(core.supervisor.onMessageStatus(params, 2, { sentId: wrong })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/names no module of this supervisor/),
      });
    }
    expect(core.lines('statuses_table')).toEqual([]);
  });

  it('costs nothing when its module has no callback for it', async () => {
    core = await startCore([fixtureModule('sends-many'), fixtureModule('all-callbacks-table')]);
    const { sentId, params } = await sendBack('1');
    const told = await core.supervisor.onMessageStatus(params, 2, { sentId });
    expect(told).toEqual({ verdict: 'pass', by: null, trace: [] });
    core.supervisor.removeAllListeners('message');
    await core.send('3');
    expect(core.module('sends_many').sends).toMatchObject({ total: 4, undelivered: 3, refused: 0, waiting: 0 });
  });

  it('of a message between users stops at the module that consumes it', async () => {
    core = await startCore([fixtureModule('all-callbacks-2020'), fixtureModule('all-callbacks-table')]);
    const passed = await core.supervisor.onMessageStatus({ id: 5, from: 'alice', to: 'bob' }, 2);
    expect(passed.trace).toHaveLength(2);
    const consumed = await core.supervisor.onMessageStatus({ id: 5, from: 'alice', to: 'bob' }, FAILED);
    expect(consumed).toMatchObject({ verdict: 'consumed', by: 'all_callbacks_2020' });
    expect(core.lines('all_callbacks_table')).toEqual(['on_message_status id=5 from=alice to=bob status=2']);
  });

  it('is refused before the start', async () => {
    core = await startCore([]);
    await core.supervisor.stop();
    const told = core.supervisor.onMessageStatus({}, 2, { sentId: 'nonsense' });
    await expect(told).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
  });
});
