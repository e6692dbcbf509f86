/** Reloads one after the other while messages come in, what became of each message, and what the core uses meanwhile. */

import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { expect } from 'vitest';
import { fixture, fixtureModule, makeTempDir, patientConfig, TestCore } from '../core.js';
import { Levels, type Usage } from './levels.js';
import { Tally } from './tally.js';

/** Users who send at the same time, each in a conversation of its own. */
const SENDERS = 8;
/** So often a reload has another file as well. */
const OTHER_FILE = 10;

/** What a run has shown. */
export interface Figures {
  reloads: number;
  messages: number;
  seconds: number;
  early: Usage;
  late: Usage;
}

/** A module that works a millisecond on each message, and logs its version and the message. */
function versioned(version: number, path: string): ModuleOptions {
  return fixtureModule('versioned', { path, logRate: null, config: { version: `${version}`, work: '1' } });
}

/** Reloads so often, under load, and checks that each message was handled once, in order, by a module. */
export async function reloadUnderLoad(reloads: number): Promise<Figures> {
  const place = makeTempDir();
  const path = join(place, 'modules', 'module.so');
  const stateDir = join(place, 'state');
  for (const directory of [stateDir, dirname(path)]) mkdirSync(directory);
  install(path, 0);
  const core = await new TestCore({ modules: [versioned(0, path)] }, {}, { stateDir }).start();
  const tally = new Tally(SENDERS);
  const levels = new Levels(core, stateDir);
  const beganMs = performance.now();
  let isOver = false;
  const send = async (sender: number) => {
    let next = 0;
    while (!isOver) tally.note(await core.send(`${sender}:${next++}`, { from: `user ${sender}`, to: 'bob' }));
    return next;
  };
  const sending = Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)));
  try {
    for (let i = 1; i <= reloads; i++) {
      if (i % OTHER_FILE === 0) install(path, i);
      const report = await core.supervisor.reload(patientConfig({ modules: [versioned(i, path)] }));
      expect(report.replaced).toEqual(['versioned']);
      read(core, tally);
      if (i % Math.ceil(reloads / 100) === 0) levels.look();
      expect(tally.faults).toEqual([]);
    }
  } finally {
    isOver = true;
  }
  const sent = await sending;
  const seconds = (performance.now() - beganMs) / 1000;
  const messages = sent.reduce((sum, count) => sum + count, 0);
  // Many messages for each reload, or nothing would be shown.
  expect(messages).toBeGreaterThan(reloads * SENDERS);
  expect(core.module('versioned')).toMatchObject({
    ...{ state: 'serving', generation: reloads + 1, restarts: 0, failedStarts: 0, crashes: { total: 0 } },
    messages: { total: messages, default: 0, late: 0 },
  });
  expect(core.module('versioned').hosts).toHaveLength(1);
  read(core, tally);
  expect(tally.faults).toEqual([]);
  expect([tally.answered, tally.handled, tally.handledOf]).toEqual([messages, messages, sent]);
  await core.close();
  rmSync(place, { recursive: true });
  return { reloads, messages, seconds: Math.round(seconds), ...levels.compared };
}

/** A file with other bytes, put in place as `mv` does it. */
function install(path: string, number: number): void {
  copyFileSync(fixture('versioned'), `${path}.new`);
  // What follows the end of a shared object means nothing.
  appendFileSync(`${path}.new`, `${number}`);
  renameSync(`${path}.new`, path);
}

/** Takes what the core announced, so that it is not kept. */
function read(core: TestCore, tally: Tally): void {
  for (const line of core.logs.splice(0)) tally.read(line);
  core.lives.splice(0);
}
