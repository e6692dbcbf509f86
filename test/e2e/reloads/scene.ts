/** Reloads one after the other while messages come in, and what became of each message. */

import type { ModuleOptions, Outcome } from 'mesibo-modules';
import { expect } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from '../core.js';

/** Users who send at the same time, each in a conversation of its own. */
const SENDERS = 8;

/** A module that works a millisecond on each message, and logs its version and the message. */
function versioned(version: number): ModuleOptions {
  return fixtureModule('versioned', { logRate: null, config: { version: `${version}`, work: '1' } });
}

/** Reloads so often, under load, and checks that each message was handled once, in order, by a module. */
export async function reloadUnderLoad(reloads: number): Promise<TestCore> {
  const core = await startCore([versioned(0)]);
  let isOver = false;
  const outcomes: Outcome[] = [];
  const sent = await Promise.all([
    ...Array.from({ length: SENDERS }, async (_, sender) => {
      let next = 0;
      while (!isOver) {
        outcomes.push(await core.send(`${sender}:${next++}`, { from: `user ${sender}`, to: 'bob' }));
      }
      return next;
    }),
    reloadAll(core, reloads).finally(() => {
      isOver = true;
    }),
  ]);
  const defaults = outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null);
  expect(defaults).toEqual([]);
  const counts = sent.slice(0, SENDERS);
  const total = counts.reduce((sum, count) => sum + count, 0);
  expect(outcomes).toHaveLength(total);
  // Many messages for each reload, or nothing would be shown.
  expect(total).toBeGreaterThan(reloads * SENDERS);
  const lines = core.lines('versioned').map((line) => line.split(' ') as [version: string, message: string]);
  // The generations come one after the other, and none of them handles a message of another.
  const versions = lines.map(([version]) => Number(version));
  expect(versions.every((version, i) => i === 0 || version >= (versions[i - 1] as number))).toBe(true);
  for (const [sender, count] of counts.entries()) {
    const own = lines.flatMap(([, message]) =>
      message.startsWith(`${sender}:`) ? [Number(message.split(':')[1])] : [],
    );
    // Each once and in order: nothing is lost and nothing doubled.
    expect(own).toEqual(Array.from({ length: count }, (_, i) => i));
  }
  expect(core.module('versioned')).toMatchObject({
    ...{ state: 'serving', generation: reloads + 1, restarts: 0, failedStarts: 0, crashes: { total: 0 } },
    messages: { total, default: 0, late: 0 },
  });
  expect(core.module('versioned').hosts).toHaveLength(1);
  return core;
}

async function reloadAll(core: TestCore, reloads: number): Promise<number> {
  for (let i = 1; i <= reloads; i++) {
    const report = await core.supervisor.reload(patientConfig({ modules: [versioned(i)] }));
    expect(report.replaced).toEqual(['versioned']);
  }
  return reloads;
}
