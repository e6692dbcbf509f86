/** The messages of modules, with a real store and takers of this test's own. */

import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IllegalStateError, MessageError } from '../../../src/errors.js';
import { SENDS_FOLDER, type SendSettings, Sends } from '../../../src/sends/sends.js';
import type { Send, SendsSupervisor } from '../../../src/sends/types.js';
import type { Origin, OutcomeTaker, SentMessage, Verdict } from '../../../src/supervisor/types.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import {
  exactOf,
  fromWireParams,
  type MessageParams,
  type MessageParamsInput,
  toWireParams,
} from '../../../src/wire/params.js';
import { TakingServer } from '../../helpers/taking-server.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const HOUR_MS = 3_600_000;
const SETTINGS: SendSettings = { sendQueue: 1000, sendBytes: 1024 * 1024, sendTtlMs: HOUR_MS, modules: [] };
const CHAINED: SendSettings = { ...SETTINGS, modules: [{ name: 'm', chainSends: true }] };

let made = 0;

/** A message of a module. */
function sent(given: { module?: string; text?: string; cause?: Origin | null; sentId?: string } = {}): SentMessage {
  made += 1;
  const { module = 'm', text = `text ${made}`, cause = null, sentId = `00ff-${module}-1-${made}` } = given;
  const params = { ...fromWireParams(toWireParams({ id: made, to: 'bob', from: 'alice' })) };
  return { module, generation: 1, sentId, params, payload: Buffer.from(text), cause };
}

/** Where something came from. */
function from(server: string, eventId = 1n, hops = 0): Origin {
  return { server, eventId, hops };
}

/** Sends, their clocks and what they say. */
class Scene {
  readonly said: string[] = [];
  nowMs = 1_000_000;
  wallMs = Date.UTC(2026, 10, 29);
  readonly sends: Sends;

  constructor(settings: SendSettings = SETTINGS) {
    this.sends = new Sends(settings, {
      say: (level, text) => this.said.push(`${level}: ${text}`),
      now: () => this.nowMs,
      wallNow: () => this.wallMs,
    });
    onTestFinished(() => this.sends.close());
  }

  keep(given: Parameters<typeof sent>[0] = {}): SentMessage {
    const message = sent(given);
    this.sends.keep(message, toWireParams(message.params));
    return message;
  }
}

async function opened(stateDir: string | null = null, settings = SETTINGS): Promise<Scene> {
  const scene = new Scene(settings);
  await scene.sends.open(stateDir);
  return scene;
}

/** A server that takes sends. */
class Server extends TakingServer {
  constructor(scene: Scene, server = 'x', window = 64) {
    super(scene.sends, server, { window });
  }
}

/** Lets all that is planned for the next turns happen. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

interface Offered {
  params: MessageParams;
  payload: string;
  origin: Origin | null;
  sentBy: string | undefined;
  answer(given: { verdict?: Verdict; params?: MessageParamsInput; payload?: string }): void;
}

/** A supervisor that this test decides for. */
class Decider implements SendsSupervisor {
  readonly offered: Offered[] = [];
  readonly statuses: { sentId: string | undefined; status: number; params: MessageParamsInput }[] = [];
  readonly recalled: string[] = [];
  isServing = true;
  /** The module, for statuses. */
  isDown = false;
  isUnknown = false;
  /** A message of this text is too large. */
  tooLarge: string | null = null;
  #more: () => void = () => {};

  submit(event: CallEvent, origin: Origin | null, taker: OutcomeTaker, sentBy?: string): void {
    const payload = event.payload.toString();
    if (!this.isServing) throw new IllegalStateError('ILLEGAL_STATE', 'it is stopped');
    if (payload === this.tooLarge) throw new MessageError('MESSAGE_TOO_LARGE', 'refused');
    const params = fromWireParams(event.params);
    const answer: Offered['answer'] = ({ verdict = 'pass', ...given }) => {
      const wire = given.params ? toWireParams({ ...params, ...given.params }) : event.params;
      const now = CallEvent.wireMessage(wire, Buffer.from(given.payload ?? payload));
      const hasNewParams = given.params !== undefined;
      const hasNewPayload = given.payload !== undefined;
      taker.told({ verdict, by: null, trace: [], event: now, hasNewParams, hasNewPayload });
    };
    this.offered.push({ params, payload, origin, sentBy, answer });
    this.#more();
  }

  async tellSender(params: MessageParamsInput, status: number, { sentId }: { sentId?: string }): Promise<boolean> {
    if (!this.isServing) throw Object.assign(new Error('it is stopped'), { code: 'ILLEGAL_STATE' });
    this.statuses.push({ sentId, status, params });
    this.#more();
    if (this.isUnknown) throw new MessageError('INVALID_ARGUMENT', 'there is no such module');
    return !this.isDown;
  }

  recallSent(sentId: string): void {
    this.recalled.push(sentId);
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }
}

describe('a message that a module sends', () => {
  it('waits for a server, and is gone when the server has acknowledged it', async () => {
    const scene = await opened();
    const message = scene.keep({ text: 'hello' });
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, bytes: 'hello'.length + 'bob'.length + 'alice'.length });
    const server = new Server(scene);
    await server.gets(1);
    expect(server.got[0]).toMatchObject({ sentId: message.sentId, module: 'm', cause: null });
    expect(fromWireParams(server.got[0]?.params ?? {})).toEqual(message.params);
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, unacknowledged: 1, delivered: 0 });
    expect(server.acknowledgeAll()).toEqual([true]);
    expect(server.acknowledgeAll()).toEqual([false]);
    expect(scene.sends.counters()).toMatchObject({ waiting: 0, bytes: 0, unacknowledged: 0, delivered: 1 });
  });

  it('is one message however often it is kept', async () => {
    const scene = await opened();
    const message = scene.keep();
    scene.keep({ sentId: message.sentId });
    const server = new Server(scene);
    await turns();
    expect(server.got).toHaveLength(1);
  });

  it('is not delivered from within the call that keeps it', async () => {
    const scene = await opened();
    const server = new Server(scene);
    scene.keep();
    expect(server.got).toHaveLength(0);
    await server.gets(1);
  });

  it('comes again, in order and under the same id, when a server leaves without having acknowledged it', async () => {
    const scene = await opened();
    const messages = Array.from({ length: 5 }, () => scene.keep({ cause: from('x') }));
    const first = new Server(scene, 'x', 3);
    await first.gets(3);
    expect(first.attachment.acknowledge(messages[1]?.sentId ?? '')).toBe(true);
    first.attachment.detach();
    expect(first.attachment.acknowledge(messages[0]?.sentId ?? '')).toBe(false);
    const second = new Server(scene, 'x', 10);
    await second.gets(4);
    expect(second.got.map(({ sentId }) => sentId)).toEqual([0, 2, 3, 4].map((i) => messages[i]?.sentId));
  });

  it('waits for the server whose event caused it, if that has ever taken sends, or else for any server', async () => {
    const scene = await opened();
    new Server(scene, 'x').attachment.detach();
    scene.keep({ text: 'for x', cause: from('x', 7n) });
    scene.keep({ text: 'for any', cause: from('never-takes') });
    const y = new Server(scene, 'y');
    await y.gets(1);
    expect(scene.sends.away()).toEqual([{ server: 'x', waiting: 1 }]);
    const x = new Server(scene, 'x');
    await x.gets(1);
    expect([x.texts, y.texts]).toEqual([['for x'], ['for any']]);
    expect(x.got[0]?.cause).toEqual(from('x', 7n));
  });

  it('is refused for a second taker of the same name', async () => {
    const scene = await opened();
    new Server(scene, 'x');
    expect(() => new Server(scene, 'x')).toThrow(/somebody else takes the sends for the server x/);
  });

  it('goes to the next server when a taker throws, and the module hears of it', async () => {
    const scene = await opened();
    const decider = new Decider();
    scene.sends.use(decider);
    const thrown = new Promise<Error>((resolve) => {
      const others = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[];
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const got: string[] = [];
    const taker = {
      server: 'x',
      window: 10,
      deliver: (send: Send) => {
        if (got.push(send.sentId) === 1) throw new Error('of the taker');
      },
    };
    scene.sends.attach(taker);
    const messages = [scene.keep(), scene.keep()];
    await decider.until(() => decider.statuses.length === 1);
    expect((await thrown).message).toBe('of the taker');
    expect(got).toEqual(messages.map(({ sentId }) => sentId));
    expect(decider.statuses[0]).toMatchObject({ sentId: messages[0]?.sentId, status: 0x80 });
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, refused: 1 });
  });
});

it('the results of sends are counted for each module, and for all', async () => {
  const scene = await opened();
  const decider = new Decider();
  scene.sends.use(decider);
  const server = new Server(scene);
  const [a, b, c] = ['a', 'b', 'a'].map((module) => scene.keep({ module }));
  await server.gets(3);
  for (const one of [a, b]) server.attachment.acknowledge(one?.sentId ?? '');
  server.attachment.refuse(c?.sentId ?? '');
  server.attachment.detach();
  scene.keep({ module: 'b' });
  scene.nowMs += HOUR_MS;
  scene.keep({ module: 'b' });
  await decider.until(() => decider.statuses.length === 2);
  await turns();
  const none = { waiting: 0, delivered: 0, refusedByServer: 0, expired: 0, consumed: 0 };
  expect(scene.sends.ofModule('a')).toEqual({ ...none, delivered: 1, refusedByServer: 1 });
  expect(scene.sends.ofModule('b')).toEqual({ ...none, delivered: 1, expired: 1, waiting: 1 });
  expect(scene.sends.ofModule('c')).toEqual(none);
  expect(scene.sends.counters()).toMatchObject({ waiting: 1, delivered: 2, refused: 1, expired: 1, consumed: 0 });
});

describe('after another start of the core', () => {
  it('what the events of a server caused is for it, if the name was remembered when the core was killed', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const stored = before.sends.remember('x');
    expect(stored).not.toBeNull();
    await stored;
    expect(before.sends.remember('x')).toBeNull();
    // As a kill leaves it: nothing is closed.
    const copy = makeTempDir();
    cpSync(stateDir, copy, { recursive: true });
    const after = await opened(copy);
    after.keep({ sentId: '00ff-m-1-1', cause: from('x', 9n) });
    const other = new Server(after, 'other');
    await turns();
    expect(other.got).toEqual([]);
    const own = new Server(after, 'x');
    await expect.poll(() => own.got.map(({ cause }) => cause?.eventId), { timeout: 20_000 }).toEqual([9n]);
  });

  it('nobody waits for a name that cannot be stored', async () => {
    const stateDir = makeTempDir();
    writeFileSync(join(stateDir, SENDS_FOLDER), 'no folder');
    const scene = await opened(stateDir);
    await scene.sends.remember('x');
    expect((await opened(null)).sends.remember('x')).toBeNull();
  });

  it('every unacknowledged message comes again, and no other does', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const server = new Server(before, 'x');
    for (const text of ['a', 'b', 'c']) before.keep({ text, cause: from('x', 5n) });
    await server.gets(3);
    server.attachment.acknowledge(server.got[1]?.sentId ?? '');
    before.keep({ text: 'd' });
    await before.sends.close();

    const after = await opened(stateDir);
    expect(after.sends.counters()).toMatchObject({ waiting: 3 });
    // They are for x also now that x has not been there yet.
    const other = new Server(after, 'y');
    await other.gets(1);
    const again = new Server(after, 'x');
    await again.gets(2);
    await turns();
    expect([other.texts, again.texts]).toEqual([['d'], ['a', 'c']]);
    expect(again.got[0]).toMatchObject({ sentId: server.got[0]?.sentId, cause: from('x', 5n) });
    expect(fromWireParams(again.got[0]?.params ?? {})).toEqual(fromWireParams(server.got[0]?.params ?? {}));
  });

  it.each([false, true])(
    'a message that the event of a server caused waits for that server, if it took sends from an earlier core (%s)',
    async (isEarly) => {
      const stateDir = makeTempDir();
      const before = await opened(stateDir);
      new Server(before, 'x').attachment.detach();
      await before.sends.close();

      const after = new Scene();
      if (!isEarly) await after.sends.open(stateDir);
      after.keep({ text: 'for x', cause: from('x') });
      after.keep({ text: 'for any', cause: from('never-takes') });
      if (isEarly) await after.sends.open(stateDir);
      const y = new Server(after, 'y');
      await y.gets(1);
      const x = new Server(after, 'x');
      await x.gets(1);
      await turns();
      expect([x.texts, y.texts]).toEqual([['for x'], ['for any']]);
    },
  );

  it('a message that the event of a server caused waits for that server over a further core, too, when its black box was read before the store', async () => {
    const stateDir = makeTempDir();
    const first = await opened(stateDir);
    new Server(first, 'x').attachment.detach();
    await first.sends.close();
    const second = new Scene();
    second.keep({ text: 'for x', cause: from('x') });
    await second.sends.open(stateDir);
    await second.sends.close();
    const third = await opened(stateDir);
    const y = new Server(third, 'y');
    third.keep({ text: 'for any' });
    await y.gets(1);
    const x = new Server(third, 'x');
    await x.gets(1);
    expect([x.texts, y.texts]).toEqual([['for x'], ['for any']]);
  });

  it.each([false, true])(
    'a message that the event of a server caused waits for that server when the store can be read only later; with chain_sends: %s',
    async (isChained) => {
      const stateDir = makeTempDir();
      const settings = isChained ? CHAINED : SETTINGS;
      const before = await opened(stateDir, settings);
      new Server(before, 'x').attachment.detach();
      // It has the store from then on.
      await expect.poll(() => existsSync(join(stateDir, 'sends/CURRENT'))).toBe(true);

      // It holds the store, so that the next one cannot read it.
      const late = await opened(stateDir, settings);
      expect(late.sends.problems()).toEqual([expect.stringContaining('cannot be stored in')]);
      const decider = new Decider();
      late.sends.use(decider);
      const x = ['first', 'second', 'third'].map((text, i) => {
        if (i === 1) late.keep({ text: 'for any' });
        return late.keep({ text, cause: from('x', BigInt(i)) });
      });
      if (isChained) {
        await decider.until(() => decider.offered.length === 4);
        decider.offered[0]?.answer({});
        await turns();
      }
      await before.sends.close();
      await expect.poll(() => late.sends.problems(), { timeout: 20_000 }).toEqual([]);
      for (const { answer } of decider.offered) answer({});
      const other = new Server(late, 'y');
      await other.gets(1);
      await turns();
      expect(other.texts).toEqual(['for any']);
      const server = new Server(late, 'x');
      await server.gets(3);
      expect(server.got.map(({ sentId }) => sentId)).toEqual(x.map(({ sentId }) => sentId));
    },
  );

  it('a message that is both in a black box and in the store comes once', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const message = before.keep();
    await before.sends.settled();
    await before.sends.close();
    // In either order.
    const early = new Scene();
    early.sends.keep(message, toWireParams(message.params));
    await early.sends.open(stateDir);
    expect(early.sends.counters().waiting).toBe(1);
    await early.sends.close();
    const late = await opened(stateDir);
    late.sends.keep(message, toWireParams(message.params));
    expect(late.sends.counters().waiting).toBe(1);
  });

  it('a message in a black box that was refused before the core ended goes to no server', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const message = before.keep();
    const first = new Server(before);
    await first.gets(1);
    first.attachment.refuse(message.sentId);
    await before.sends.close();
    const after = new Scene();
    after.sends.keep(message, toWireParams(message.params));
    await after.sends.open(stateDir);
    const server = new Server(after);
    const next = after.keep();
    await server.gets(1);
    expect(server.got.map(({ sentId }) => sentId)).toEqual([next.sentId]);
    expect(after.sends.counters().waiting).toBe(2);
  });

  it('messages that were kept before the store was opened come after those of an earlier core', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    before.keep({ text: 'old' });
    await before.sends.close();
    const scene = new Scene();
    const server = new Server(scene);
    scene.keep({ text: 'new' });
    await turns();
    expect(server.got).toEqual([]);
    const settled = scene.sends.settled();
    await scene.sends.open(stateDir);
    await settled;
    await server.gets(2);
    expect(server.texts).toEqual(['old', 'new']);
  });

  describe('with so many messages in the store that it is read in slices', () => {
    const MANY = 3500;
    const MOST_ALONG = 500;
    const idsOf = (messages: readonly { sentId: string }[]) => messages.map(({ sentId }) => sentId);

    /** Keeps one more in each turn of the loop, until that is enough. A store is open only when it has written what came meanwhile. */
    async function keepAlong(scene: Scene, isEnough: () => boolean): Promise<SentMessage[]> {
      const kept: SentMessage[] = [];
      while (!isEnough()) {
        if (kept.length < MOST_ALONG) kept.push(scene.keep());
        await new Promise(setImmediate);
      }
      return kept;
    }

    it('other work goes on meanwhile, and messages that are kept meanwhile come after those of the store', async () => {
      const stateDir = makeTempDir();
      const before = await opened(stateDir);
      const left = Array.from({ length: MANY }, () => before.keep());
      await before.sends.close();

      const after = new Scene();
      const server = new TakingServer(after.sends, 'x', { window: 10 * MANY, acknowledge: true });
      let isOpen = false;
      const opening = after.sends.open(stateDir).then(() => {
        isOpen = true;
      });
      const slices = new Set<number>();
      const kept = await keepAlong(after, () => {
        slices.add(after.sends.counters().waiting);
        return isOpen;
      });
      await opening;
      await server.gets(MANY + kept.length);
      expect(idsOf(server.got)).toEqual(idsOf([...left, ...kept]));
      // It was seen half done.
      expect([...slices].some((waiting) => waiting >= 1000 && waiting < MANY)).toBe(true);
    });

    it('they come in order even when the store can be read only later', async () => {
      const stateDir = makeTempDir();
      const before = await opened(stateDir);
      const left = Array.from({ length: MANY }, () => before.keep());
      await before.sends.settled();

      const late = await opened(stateDir);
      expect(late.sends.problems()).toEqual([expect.stringContaining('cannot be stored in')]);
      const server = new TakingServer(late.sends, 'x', { window: 10 * MANY, acknowledge: true });
      const first = late.keep();
      await server.gets(1);
      await before.sends.close();
      const more = await keepAlong(late, () => server.got.length >= MANY + 1);
      await server.gets(1 + MANY + more.length);
      const got = idsOf(server.got);
      expect(got[0]).toBe(first.sentId);
      const of = (messages: readonly { sentId: string }[]) => {
        const own = new Set(idsOf(messages));
        return got.filter((sentId) => own.has(sentId));
      };
      expect(of(left)).toEqual(idsOf(left));
      expect(of(more)).toEqual(idsOf(more));
      // None came in between.
      expect(got.indexOf(left.at(-1)?.sentId ?? '') - got.indexOf(left[0]?.sentId ?? '')).toBe(MANY - 1);
    });
  });

  describe('that cannot be read at the start', () => {
    /** What an earlier core left is read only when the store is let go: it is held open until then. */
    async function openedLate(settings = SETTINGS, texts = ['old 1', 'old 2', 'old 3']) {
      const stateDir = makeTempDir();
      const before = await opened(stateDir, settings);
      for (const text of texts) before.keep({ text });
      await before.sends.settled();
      const late = await opened(stateDir, settings);
      expect(late.sends.problems()).toEqual([expect.stringContaining('cannot be stored in')]);
      const read = async () => {
        const waiting = late.sends.counters().waiting + texts.length;
        await before.sends.close();
        while (late.sends.counters().waiting < waiting) await new Promise(setImmediate);
        await turns();
      };
      return { late, read };
    }

    it('its messages go before those that were sent since', async () => {
      const { late, read } = await openedLate();
      late.keep({ text: 'new 1' });
      late.keep({ text: 'new 2' });
      await turns();
      await read();
      const server = new Server(late);
      late.keep({ text: 'new 3' });
      await server.gets(6);
      expect(server.texts).toEqual(['old 1', 'old 2', 'old 3', 'new 1', 'new 2', 'new 3']);
    });

    it('the messages that a server has by then and does not acknowledge keep their order, too', async () => {
      const { late, read } = await openedLate();
      const first = new Server(late, 'x', 2);
      for (const text of ['new 1', 'new 2', 'new 3']) late.keep({ text });
      await first.gets(2);
      await read();
      first.attachment.acknowledge(first.got[0]?.sentId ?? '');
      await first.gets(3);
      first.attachment.detach();
      const second = new Server(late);
      await second.gets(5);
      expect(first.texts).toEqual(['new 1', 'new 2', 'old 1']);
      expect(second.texts).toEqual(['old 1', 'old 2', 'old 3', 'new 2', 'new 3']);
    });

    it('its messages also go first through the chain', async () => {
      const { late, read } = await openedLate(CHAINED);
      late.keep({ text: 'new 1' });
      late.keep({ text: 'new 2' });
      await turns();
      await read();
      const server = new Server(late);
      const decider = new Decider();
      late.sends.use(decider);
      await decider.until(() => decider.offered.length === 5);
      // Those that wait for the chain leave it in their order.
      for (const { answer } of [...decider.offered].reverse()) answer({});
      await server.gets(5);
      expect(server.texts).toEqual(['old 1', 'old 2', 'old 3', 'new 1', 'new 2']);
    });
  });

  it('servers and statuses find the parameters of messages that waited, which are remembered again', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const { sentId } = before.keep();
    await before.sends.close();
    const after = await opened(stateDir);
    const decider = new Decider();
    after.sends.use(decider);
    await new Server(after).gets(1);
    expect(decider.recalled).toEqual([sentId]);
  });

  it('is kept only in memory when there is no state directory', async () => {
    const scene = await opened(null);
    scene.keep();
    expect(scene.sends.settled()).toBeNull();
    expect(scene.sends.problems()).toEqual([]);
  });

  it('says what is wrong with a store that was damaged', async () => {
    const stateDir = makeTempDir();
    writeFileSync(join(stateDir, SENDS_FOLDER), 'no folder');
    const scene = await opened(stateDir);
    expect(scene.sends.problems()).toEqual([expect.stringMatching(/is damaged .* and was renamed to/)]);
    const [aside = ''] = readdirSync(stateDir).filter((name) => name.includes('damaged'));
    rmSync(join(stateDir, aside));
    expect(scene.sends.problems()).toEqual([]);
    scene.keep();
    await scene.sends.settled();
  });
});

describe('the status 0x80', () => {
  it('is heard by the module when a server refuses a message', async () => {
    const scene = await opened();
    const decider = new Decider();
    scene.sends.use(decider);
    const message = scene.keep();
    const server = new Server(scene);
    await server.gets(1);
    expect(server.attachment.refuse(message.sentId)).toBe(true);
    expect(server.attachment.refuse(message.sentId)).toBe(false);
    expect(decider.statuses).toEqual([]);
    await decider.until(() => decider.statuses.length === 1);
    expect(decider.statuses).toEqual([
      { sentId: message.sentId, status: 0x80, params: exactOf(toWireParams(message.params)) },
    ]);
    await turns();
    expect(scene.sends.counters()).toMatchObject({ waiting: 0, refused: 1 });
  });

  it('is heard when a message has waited for send_ttl, also if that was in an earlier core', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const message = before.keep();
    before.nowMs += 0.6 * HOUR_MS;
    before.wallMs += 0.6 * HOUR_MS;
    await before.sends.close();

    const after = new Scene();
    after.wallMs = before.wallMs + 0.3 * HOUR_MS;
    await after.sends.open(stateDir);
    const decider = new Decider();
    after.sends.use(decider);
    await turns();
    expect(decider.statuses).toEqual([]);
    after.nowMs += 0.2 * HOUR_MS;
    after.sends.use(decider);
    await decider.until(() => decider.statuses.length === 1);
    expect(decider.statuses[0]?.sentId).toBe(message.sentId);
    await turns();
    expect(after.sends.counters()).toMatchObject({ waiting: 0, expired: 1 });
    await after.sends.close();
    expect(after.said).toEqual([
      expect.stringMatching(/module m: no server has acknowledged a message that it sent within send_ttl/),
    ]);
  });

  it('comes by itself when the time is over', async () => {
    const scene = new Scene({ ...SETTINGS, sendTtlMs: 5 });
    const decider = new Decider();
    scene.sends.use(decider);
    await scene.sends.open(null);
    scene.keep();
    await turns();
    expect(decider.statuses).toEqual([]);
    scene.nowMs += 5;
    await decider.until(() => decider.statuses.length === 1);
  });

  it('does not come when a clock jumps back or, while the core runs, ahead', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    before.keep();
    before.wallMs += 1000 * HOUR_MS;
    before.keep();
    await turns();
    expect(before.sends.counters()).toMatchObject({ waiting: 2, expired: 0 });
    await before.sends.close();
    const after = new Scene();
    after.wallMs -= 1000 * HOUR_MS;
    await after.sends.open(stateDir);
    await turns();
    expect(after.sends.counters()).toMatchObject({ waiting: 2, expired: 0 });
  });

  it('waits for a supervisor, and survives until there is one', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir);
    const decider = new Decider();
    decider.isServing = false;
    before.sends.use(decider);
    before.keep();
    await turns();
    before.nowMs += 2 * HOUR_MS;
    before.wallMs += 2 * HOUR_MS;
    before.sends.use(decider);
    await turns();
    expect(before.sends.counters()).toMatchObject({ waiting: 1, expired: 1 });
    await before.sends.close();
    const after = new Scene();
    after.wallMs = before.wallMs;
    await after.sends.open(stateDir);
    decider.isServing = true;
    after.sends.use(decider);
    await decider.until(() => decider.statuses.length === 1);
  });

  it('comes again when the module was down, and the message waits until then', async () => {
    const scene = await opened();
    const decider = new Decider();
    decider.isDown = true;
    scene.sends.use(decider);
    const { sentId } = scene.keep();
    const server = new Server(scene);
    await server.gets(1);
    server.attachment.refuse(sentId);
    await decider.until(() => decider.statuses.length === 1);
    await turns();
    expect(scene.sends.counters().waiting).toBe(1);
    decider.isDown = false;
    await decider.until(() => decider.statuses.length === 2);
    await turns();
    expect(scene.sends.counters().waiting).toBe(0);
  });

  it.each(['refused', 'expired'])(
    'reaches the module after another start of the core, for a message that was %s',
    async (how) => {
      const stateDir = makeTempDir();
      const before = await opened(stateDir);
      const down = new Decider();
      down.isDown = true;
      before.sends.use(down);
      const { sentId, params } = before.keep();
      // So that it was not written together with what follows.
      await before.sends.settled();
      if (how === 'refused') {
        const server = new Server(before);
        await server.gets(1);
        server.attachment.refuse(sentId);
      } else before.nowMs += HOUR_MS;
      before.sends.use(down);
      await down.until(() => down.statuses.length === 1);
      await before.sends.settled();
      await before.sends.close();

      const after = await opened(stateDir);
      const server = new Server(after);
      const next = after.keep();
      await server.gets(1);
      expect(server.got.map((send) => send.sentId)).toEqual([next.sentId]);
      expect(after.sends.counters().waiting).toBe(2);
      const decider = new Decider();
      after.sends.use(decider);
      await decider.until(() => decider.statuses.length === 1);
      expect(decider.statuses).toEqual([{ sentId, status: 0x80, params: exactOf(toWireParams(params)) }]);
      server.acknowledgeAll();
      await turns();
      expect(after.sends.counters()).toMatchObject({ waiting: 0 });
    },
  );

  it('reaches nobody when its module is no longer configured, and the message stops waiting', async () => {
    const scene = await opened();
    const decider = new Decider();
    decider.isUnknown = true;
    scene.sends.use(decider);
    const { sentId } = scene.keep();
    const server = new Server(scene);
    await server.gets(1);
    server.attachment.refuse(sentId);
    await decider.until(() => decider.statuses.length === 1);
    await turns();
    expect(scene.sends.counters()).toMatchObject({ waiting: 0, refused: 1 });
  });

  it('does not come for a message that a server has and has not acknowledged', async () => {
    const scene = await opened();
    const message = scene.keep();
    const server = new Server(scene);
    await server.gets(1);
    scene.nowMs += 2 * HOUR_MS;
    scene.keep();
    await turns();
    expect(scene.sends.counters()).toMatchObject({ expired: 0 });
    expect(server.attachment.acknowledge(message.sentId)).toBe(true);
  });
});

describe('too much', () => {
  it('closes send_message for its module, keeps messages that still come, and opens again', async () => {
    const scene = await opened(null, { ...SETTINGS, sendQueue: 10 });
    const told: [string, boolean][] = [];
    scene.sends.onFull((module, isFull) => told.push([module, isFull]));
    for (let i = 0; i < 12; i++) scene.keep();
    expect(told).toEqual([['m', true]]);
    // Another module may still have one.
    expect([scene.sends.isFull('m'), scene.sends.isFull('other')]).toEqual([true, false]);
    expect(scene.said).toEqual([expect.stringMatching(/^warn: module m: 8 messages that it sent wait for a server/)]);
    const server = new Server(scene);
    await server.gets(12);
    server.acknowledgeAll();
    await turns();
    expect(told.at(-1)).toEqual(['m', false]);
    expect(scene.sends.isFull('m')).toBe(false);
  });

  it('takes smaller limits at a reload', async () => {
    const scene = await opened();
    for (let i = 0; i < 20; i++) scene.keep();
    scene.sends.configure({ ...SETTINGS, sendQueue: 10 });
    await turns();
    expect(scene.sends.isFull('m')).toBe(true);
    scene.sends.configure(SETTINGS);
    await turns();
    expect(scene.sends.isFull('m')).toBe(false);
  });
});

describe('with chain_sends = yes', () => {
  it('a message goes through the chain first: it is changed, consumed, or passes', async () => {
    const scene = await opened(null, CHAINED);
    const decider = new Decider();
    scene.sends.use(decider);
    const server = new Server(scene);
    for (const text of ['pass', 'consume', 'change']) scene.keep({ text, cause: from('x', 9n, 2) });
    await decider.until(() => decider.offered.length === 3);
    expect(decider.offered.map(({ payload }) => payload)).toEqual(['pass', 'consume', 'change']);
    expect(decider.offered[0]).toMatchObject({ sentBy: 'm', origin: from('x', 9n, 3) });
    // The order of a module is kept, whatever the chain decides first.
    decider.offered[2]?.answer({ payload: 'changed', params: { to: 'carol' } });
    decider.offered[1]?.answer({ verdict: 'consumed' });
    await turns();
    expect(server.got).toEqual([]);
    decider.offered[0]?.answer({});
    await server.gets(2);
    expect(server.texts).toEqual(['pass', 'changed']);
    expect(fromWireParams(server.got[1]?.params ?? {})).toMatchObject({ to: 'carol', from: 'alice' });
    await turns();
    expect(scene.sends.counters()).toMatchObject({ waiting: 2, consumed: 1 });
    expect(scene.sends.ofModule('m')).toMatchObject({ waiting: 2, consumed: 1 });
  });

  it('a message that modules sent for each other eight times in a row goes to the server, and a line says so', async () => {
    const scene = await opened(null, CHAINED);
    const decider = new Decider();
    scene.sends.use(decider);
    const server = new Server(scene);
    scene.keep({ text: 'seventh', cause: from('x', 1n, 7) });
    scene.keep({ text: 'eighth', cause: from('x', 1n, 8) });
    await decider.until(() => decider.offered.length === 1);
    decider.offered[0]?.answer({});
    await server.gets(2);
    expect(decider.offered.map(({ payload, origin }) => [payload, origin?.hops])).toEqual([['seventh', 8]]);
    await scene.sends.close();
    expect(scene.said).toEqual([
      expect.stringMatching(/module m: a message that it sent had gone through the chain 8 times/),
    ]);
  });

  it('goes through the chain again with the next core when it was in the chain, but not when it had left it', async () => {
    const stateDir = makeTempDir();
    const before = await opened(stateDir, CHAINED);
    const decider = new Decider();
    before.sends.use(decider);
    before.keep({ text: 'decided' });
    before.keep({ text: 'undecided' });
    await decider.until(() => decider.offered.length === 2);
    decider.offered[0]?.answer({ payload: 'changed' });
    await turns();
    await before.sends.settled();
    await before.sends.close();

    const after = await opened(stateDir, CHAINED);
    const next = new Decider();
    after.sends.use(next);
    const server = new Server(after);
    await next.until(() => next.offered.length === 1);
    next.offered[0]?.answer({});
    await server.gets(2);
    expect(next.offered.map(({ payload }) => payload)).toEqual(['undecided']);
    expect(server.texts).toEqual(['changed', 'undecided']);
  });

  it('waits for a supervisor that takes no messages now, and skips a chain that cannot take it', async () => {
    const scene = await opened(null, CHAINED);
    const decider = new Decider();
    decider.isServing = false;
    scene.sends.use(decider);
    const server = new Server(scene);
    scene.keep({ text: 'a' });
    scene.keep({ text: 'b' });
    await turns();
    expect(server.got).toEqual([]);
    decider.isServing = true;
    decider.tooLarge = 'b';
    await decider.until(() => decider.offered.length === 1);
    await turns();
    expect(server.got).toEqual([]);
    decider.offered[0]?.answer({});
    await server.gets(2);
    expect(server.texts).toEqual(['a', 'b']);
    expect(scene.said).toEqual([expect.stringMatching(/module m: a message that it sent skips the chain: refused/)]);
  });

  it('a reload that ends it lets waiting messages go through the chain, and later messages wait behind them', async () => {
    const scene = await opened(null, CHAINED);
    const decider = new Decider();
    scene.sends.use(decider);
    const server = new Server(scene);
    scene.keep({ text: 'a' });
    await decider.until(() => decider.offered.length === 1);
    scene.sends.configure(SETTINGS);
    scene.keep({ text: 'b' });
    await turns();
    expect(server.got).toEqual([]);
    decider.offered[0]?.answer({});
    await server.gets(2);
    expect(server.texts).toEqual(['a', 'b']);
  });
});
