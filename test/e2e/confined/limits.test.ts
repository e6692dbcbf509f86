/** What a module may use: each limit is reached by a real module, as root and as another user. */

import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { findDelegated } from '../../../src/supervisor/runner/local/confine/delegation.js';
import { ConfinedCore, isRoot, processesOf } from './confined.js';

/** Of this file alone: the system counts all processes of a user. */
const UID = 12_347;
const MIB = 1024 ** 2;
const MEMORY = 128 * MIB;
const delegated = findDelegated();
const hasGroups = typeof delegated.memory !== 'string' && typeof delegated.pids !== 'string';
let confined: ConfinedCore;

afterEach(async () => {
  await confined.close();
  // The process of the core itself may need a moment after its last word.
  if (isRoot) await expect.poll(() => processesOf(UID), { timeout: 20_000 }).toEqual([]);
  // Its control groups are gone with it.
  for (const place of Object.values(delegated)) {
    if (typeof place === 'string') continue;
    const left = readdirSync(place.directory).filter((name) => name.startsWith(`mesibo-modules-${confined.core.pid}-`));
    expect(left).toEqual([]);
  }
});

/** As this user, with control groups if there are any; and as a user who has none. */
const users = [
  { who: 'this user', uid: null },
  ...(isRoot ? [{ who: 'a user without control groups', uid: UID }] : []),
];

describe.each(users)('a core of $who', ({ uid }) => {
  it('bounds the memory of a module that leaks', async () => {
    confined = await ConfinedCore.start({ limits: { memoryBytes: MEMORY } }, uid);
    const end = await confined.end('leak');
    expect(end).toMatchObject({ cause: 'limit', text: expect.stringContaining('reached its limit (memory = 128MiB)') });
    await confined.servesAfter(1);
    expect(await confined.tell('user')).toHaveLength(1);
  });

  // In a control group the kernel ends that process, and the module goes on.
  it.runIf(uid !== null)('bounds the memory of each process that it starts', async () => {
    confined = await ConfinedCore.start({ limits: { memoryBytes: MEMORY } }, uid);
    expect(await confined.end('leak in a child')).toMatchObject({ cause: 'limit', signal: 'SIGKILL' });
    await confined.servesAfter(1);
  });

  it('bounds its files, and the card of a module that aborts names that limit', async () => {
    confined = await ConfinedCore.start({ limits: { nofile: 100 } }, uid);
    const end = await confined.end('files');
    expect(end).toMatchObject({ cause: 'limit', signal: 'SIGABRT', text: expect.stringContaining('nofile = 100') });
  });

  it.skipIf(uid === null && isRoot && !hasGroups)('bounds a fork bomb, and ends all of it', async () => {
    confined = await ConfinedCore.start({ limits: { nproc: 100 } }, uid);
    const end = await confined.end('processes');
    expect(end).toMatchObject({ cause: 'limit', signal: 'SIGABRT', text: expect.stringContaining('nproc = 100') });
    const [told] = confined.core.logs.filter(({ text }) => text.startsWith('processes:'));
    expect(Number(/processes: (\d+)/.exec(told?.text ?? '')?.[1])).toBeLessThan(100);
    await confined.servesAfter(1);
  });

  it('bounds its core files', async () => {
    confined = await ConfinedCore.start({ limits: { coreBytes: 0 }, coreFiles: 'on' }, uid);
    expect(await confined.end('dump')).toMatchObject({ cause: 'crash', signal: 'SIGABRT' });
    const warned = confined.core.logs.some(({ text }) => text.includes('core_files = on has no effect'));
    expect(warned).toBe(true);
  });
});

it('a death that no limit caused keeps its cause', async () => {
  confined = await ConfinedCore.start({ limits: { memoryBytes: MEMORY, nofile: 100 } });
  expect(await confined.end('dump')).toMatchObject({ cause: 'crash', signal: 'SIGABRT' });
});

describe.runIf(isRoot)('max_rss', () => {
  it('replaces a process that has grown, and loses no message', async () => {
    confined = await ConfinedCore.start({ maxRssBytes: 100 * MIB }, UID);
    expect(await confined.core.outcome('leak slowly')).toEqual([null]);
    await confined.core.until(() => confined.core.lives('exited').length === 1);
    const told = confined.core.logs.filter(({ text }) => text.includes('(max_rss = 100MiB)'));
    expect(told).toHaveLength(1);
    expect(confined.core.lives('exited')).toMatchObject([{ cause: 'stop', signal: null, exitCode: 0 }]);
    expect(await confined.core.outcome('user')).toEqual([null]);
  });
});
