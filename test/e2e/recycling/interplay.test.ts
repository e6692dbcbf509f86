/** What happens to a module while one of its hosts is being replaced. */

import { afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../core.js';
import { NAME, Scene } from './scene.js';

let scene: Scene;
afterEach(() => scene.close());

/** A scene whose first host has answered enough, and whose successor waits in init for the gate. */
async function prepare(options: Parameters<typeof Scene.start>[0] = {}): Promise<void> {
  scene = await Scene.start({ maxMessages: 100, ...options });
  const hosts = scene.status.hosts.length;
  scene.gate.remove();
  const load = scene.load(4, 100 * hosts);
  await scene.core.until(() => scene.core.lives.filter(({ kind }) => kind === 'spawned').length === hosts + 1);
  await load.done();
  expect(scene.status.hosts).toHaveLength(hosts + 1);
}

/** The pid of the host that waits in init. */
function successor(): number {
  return scene.status.hosts.find(({ state }) => state === 'starting')?.pid as number;
}

async function oneHost(): Promise<void> {
  await scene.core.until(() => scene.status.hosts.length === 1);
}

describe('a host that was to take over', () => {
  it('serves when the old one has crashed', async () => {
    await prepare();
    const pid = successor();
    const { trace } = await scene.core.send('die');
    expect(trace).toMatchObject([{ default: 'crash' }]);
    expect(scene.status).toMatchObject({ state: 'starting', crashes: { total: 1 } });
    const waits = scene.core.send('waits');
    scene.gate.put();
    expect((await waits).trace).toMatchObject([{ default: null }]);
    expect(scene.status).toMatchObject({ pid, generation: 2, restarts: 1, hosts: [{ pid }] });
    // It is a restart.
    expect(scene.recycled).toBe(0);
  });

  it('and waits ready serves when the backoff of a crashed one is over', async () => {
    await prepare({ backoff: { minMs: 3000, maxMs: 3000 } });
    scene.gate.put();
    await scene.core.until(() => scene.recycled === 1);
    // The first crash is followed by a start at once, the second one by the wait.
    await scene.core.send('die');
    await scene.core.serving(NAME, 3);
    scene.gate.remove();
    await scene.load(4, 100).done();
    await scene.core.until(() => scene.status.hosts.some(({ state }) => state === 'starting'));
    const pid = successor();
    await scene.core.send('die');
    expect(scene.status.state).toBe('backoff');
    scene.gate.put();
    expect((await scene.core.send('waits')).trace).toMatchObject([{ default: null }]);
    expect(scene.status).toMatchObject({ pid, generation: 4, restarts: 2, state: 'serving' });
    expect(scene.recycled).toBe(1);
  });

  it('and crashes leaves the old one serving, is tried again, and a warning says so', async () => {
    await prepare();
    const load = scene.load(4);
    process.kill(successor(), 'SIGSEGV');
    await scene.core.until(() => scene.warned.length === 1);
    await load.more(50);
    scene.gate.put();
    await scene.core.until(() => scene.recycled > 0);
    await load.end();
    expect(scene.warned[0]).toMatch(
      /^module recycled: host 1 \(pid \d+\) has answered \d+ messages \(max_messages = 100\) and cannot be replaced now, so it goes on; the next try is in 1s; the reason: /,
    );
    expect(scene.status).toMatchObject({ restarts: 0, failedStarts: 1 });
  });

  it('and refuses is tried again later and later', async () => {
    scene = await Scene.start({ maxMessages: 100 });
    scene.door.put();
    const load = scene.load(4);
    await scene.core.until(() => scene.warned.length === 2);
    expect(scene.warned.map((line) => /the next try is in (\w+);/.exec(line)?.[1])).toEqual(['1s', '2s']);
    expect(scene.warned[0]).toContain('mesibo_module_recycled_init returned -1, which refuses to start');
    scene.door.remove();
    await scene.core.until(() => scene.recycled > 0);
    await load.end();
    expect(scene.status).toMatchObject({ restarts: 0, failedStarts: 2, crashes: { total: 0 }, lastError: null });
  });
});

describe('what is ordered while a host is being replaced', () => {
  it('a reload does not wait for it, and the new settings serve', async () => {
    await prepare();
    const pid = successor();
    const load = scene.load(4);
    const report = await scene.reload({ maxMessages: 100, config: { gate: '/' } });
    expect(report).toMatchObject({ replaced: [NAME] });
    await load.more(50);
    await load.end();
    await scene.core.until(() => !isRunning(pid));
    expect(scene.status.failedStarts).toBe(0);
    expect(scene.status.generation).toBeGreaterThanOrEqual(3);
    expect(scene.told.filter((line) => line.includes('host 2 '))).toEqual([]);
  });

  it('a reload that fails leaves the old one serving, which is replaced after that', async () => {
    await prepare();
    const load = scene.load(4);
    await expect(scene.reload({ maxMessages: 100, config: { gate: '/', door: '/' } })).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
    });
    expect(scene.recycled).toBe(0);
    scene.gate.put();
    await scene.core.until(() => scene.recycled > 0);
    await load.end();
    expect(scene.status).toMatchObject({ restarts: 0, crashes: { total: 0 } });
  });

  it('a reload of what only the core uses lets it go on', async () => {
    await prepare();
    expect(await scene.reload({ maxMessages: 100, deadlineMs: 30_000 })).toMatchObject({ configured: [NAME] });
    scene.gate.put();
    await scene.core.until(() => scene.recycled === 1);
    await oneHost();
    scene.expectPeace();
    expect(scene.status.generation).toBe(2);
  });

  it('a restart starts a host of its own', async () => {
    await prepare();
    const restarted = scene.core.supervisor.restartModule(NAME);
    await scene.core.until(() => scene.status.generation === 3);
    scene.gate.put();
    await restarted;
    await oneHost();
    expect(scene.status).toMatchObject({ generation: 3, restarts: 1, failedStarts: 0, crashes: { total: 0 } });
    expect(scene.recycled).toBe(0);
  });

  it('a stop stops both', async () => {
    await prepare();
    await scene.core.supervisor.stopModule(NAME);
    expect(scene.status).toMatchObject({ state: 'stopped', hosts: [], failedStarts: 0 });
    scene.gate.put();
    await scene.core.supervisor.startModule(NAME);
    await scene.load(4, 100).done();
    await scene.core.until(() => scene.recycled === 1);
  });

  it('a removal ends both', async () => {
    await prepare();
    const pids = scene.status.hosts.map(({ pid }) => pid);
    await scene.core.supervisor.reload(scene.config([]));
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('the stop of the core ends both', async () => {
    await prepare();
    const pids = scene.status.hosts.map(({ pid }) => pid);
    await scene.core.supervisor.stop();
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('fewer replicas: the one that leaves takes its successor with it', async () => {
    await prepare({ replicas: 4 });
    const load = scene.load(16);
    await scene.reload({ maxMessages: 100, replicas: 1 });
    await load.more(100);
    scene.gate.put();
    await load.end();
    await scene.core.until(() => scene.status.hosts.length === 1);
    expect(scene.status).toMatchObject({ failedStarts: 0, crashes: { total: 0 }, restarts: 0 });
  });
});

it('a crash loop goes on over hosts that were replaced, and what was to take over ends with it', async () => {
  scene = await Scene.start({ maxMessages: 20, maxCrashes: { count: 2, periodMs: 600_000 } });
  for (let crashes = 0; crashes < 2; crashes += 1) {
    await scene.load(2, 20).done();
    await scene.core.until(() => scene.recycled === crashes + 1 && scene.status.hosts.length === 1);
    await scene.core.send('die');
    await scene.core.until(() => scene.status.state === 'serving');
  }
  scene.gate.remove();
  await scene.load(2, 20).done();
  await scene.core.until(() => scene.status.hosts.length === 2);
  await scene.core.send('die');
  expect(scene.status.state).toBe('failed');
  await scene.core.until(() => scene.status.hosts.length === 0);
  expect(scene.status).toMatchObject({ crashes: { total: 3 }, failedStarts: 0, recycled: { messages: 2 } });
});
