import { renameSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { makeConfig, Supervisor } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, makeTempDir, sample } from './core.js';

const modules = [
  { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } },
  { name: 'crashy', path: sample('crashy') },
];
const message = [{ from: 'a', to: 'b' }, Buffer.from('what the heck')] as const;

let directory: string;
let supervisor: Supervisor;
let pids: number[];
beforeEach(() => {
  directory = makeTempDir();
  supervisor = new Supervisor(makeConfig({ modules }), { runDir: `${directory}/run` });
  pids = [];
  supervisor.on('lifecycle', (event) => {
    if (event.kind === 'spawned') pids.push(event.pid);
  });
});
afterEach(async () => {
  await supervisor.stop();
  expect(pids.filter(isRunning)).toEqual([]);
  rmSync(directory, { recursive: true });
});

describe('a program that embeds the supervisor', () => {
  it('gets an error when a call does not fit', async () => {
    const illegal = { code: 'ILLEGAL_STATE' };
    await expect(supervisor.onMessage(...message)).rejects.toMatchObject(illegal);
    const starting = supervisor.start();
    // The chain is not whole yet: nothing may slip through.
    await expect(supervisor.onMessage(...message)).rejects.toMatchObject(illegal);
    await expect(supervisor.start()).rejects.toMatchObject(illegal);
    await starting;
    expect(await supervisor.onMessage(...message)).toMatchObject({ verdict: 'consumed', by: 'filter' });
    await Promise.all([supervisor.stop(), supervisor.stop(), supervisor.stop({ now: true })]);
    await expect(supervisor.onMessage(...message)).rejects.toMatchObject({
      message: 'on_message: the supervisor is stopped, and must be running',
    });
  });

  it('gets an error for an invalid payload, and owns the payload that it gets back', async () => {
    await supervisor.start();
    for (const payload of ['text', new ArrayBuffer(4), {}] as unknown as Uint8Array[]) {
      await expect(supervisor.onMessage({ to: 'al' }, payload)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    for (const size of [5, 5000, 50_000]) {
      const { payload } = await supervisor.onMessage({ to: 'al' }, Buffer.alloc(size, 0x61));
      expect(payload.equals(Buffer.alloc(size, 0x61))).toBe(true);
      const next = supervisor.onMessage({ to: 'al' }, Buffer.alloc(size, 0x62));
      payload.fill(0);
      expect((await next).payload.equals(Buffer.alloc(size, 0x62))).toBe(true);
    }
  });

  it('may stop in the middle of a start, at any moment', async () => {
    for (const moment of [0, 1, 2, 5]) {
      const other = new Supervisor(makeConfig({ modules }), { runDir: `${directory}/${moment}` });
      other.on('lifecycle', (event) => {
        if (event.kind === 'spawned') pids.push(event.pid);
      });
      const starting = other.start().then(
        () => 'started',
        (error) => error.code,
      );
      for (let i = 0; i < moment; i++) await new Promise(setImmediate);
      await other.stop();
      expect(['started', 'ILLEGAL_STATE']).toContain(await starting);
      expect(pids.filter(isRunning)).toEqual([]);
    }
  });

  it('may end it at once from a listener, and then hears of no state but stopped', async () => {
    const spec = { name: 'crashy', path: sample('crashy'), backoff: { minMs: 20_000, maxMs: 20_000 } };
    const other = new Supervisor(makeConfig({ modules: [spec] }), { runDir: `${directory}/other` });
    const states: string[] = [];
    let deaths = 0;
    const stopped = new Promise<void>((resolve) => {
      other.on('lifecycle', (event) => {
        if (event.kind === 'module') states.push(event.to);
        if (event.kind === 'ready') process.kill(event.pid, 'SIGKILL');
        // The first restart is immediate, the second waits.
        if (event.kind === 'exited' && ++deaths === 2) resolve(other.stop({ now: true }));
      });
    });
    await other.start();
    await stopped;
    expect(states.slice(-2)).toEqual(['backoff', 'stopped']);
  });

  it('may make one supervisor of its process the subreaper, and another when that one has stopped', async () => {
    const [first, second, third] = ['1', '2', '3'].map(
      (name) => new Supervisor(makeConfig({ modules: [] }), { runDir: `${directory}/${name}`, subreaper: true }),
    ) as [Supervisor, Supervisor, Supervisor];
    await first.start();
    await expect(second.start()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    await first.stop();
    await third.start();
    await third.stop();
  });

  it('may give its run directory as a relative path', async () => {
    const runDir = relative(process.cwd(), `${directory}/relative`);
    const other = new Supervisor(makeConfig({ modules }), { runDir });
    expect(await other.start()).toEqual({ refused: [], stopped: [] });
    await other.stop();
  });

  it('may lose its run directory', async () => {
    await supervisor.start();
    // At once: the core makes again what it finds gone.
    renameSync(`${directory}/run`, `${directory}/gone`);
    expect(await supervisor.onMessage(...message)).toMatchObject({ verdict: 'consumed', by: 'filter' });
    await supervisor.stop();
  });

  it('may be held up for longer than hang: answers that have already arrived count', async () => {
    const config = makeConfig({ modules: modules.map((module) => ({ ...module, hangMs: 300, deadlineMs: 10_000 })) });
    const held = new Supervisor(config, { runDir: `${directory}/held` });
    await held.start();
    const outcome = held.onMessage({ from: 'a', to: 'b' }, Buffer.from('hello'));
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    expect((await outcome).trace.map((entry) => entry.default)).toEqual([null, null]);
    expect(held.status().modules.map((module) => module.crashes.total)).toEqual([0, 0]);
    await held.stop();
  });

  it('gets the error that its listener throws, and the message has its verdict', async () => {
    await supervisor.start();
    const heard = new Promise<unknown>((resolve) => {
      const own = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of own) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    const mistake = new Error('a mistake of the embedding program');
    supervisor.once('log', () => {
      throw mistake;
    });
    expect(await supervisor.onMessage(...message)).toMatchObject({ verdict: 'consumed', by: 'filter' });
    expect(await heard).toBe(mistake);
  });
});
