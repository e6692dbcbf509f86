/** The order of a conversation, while an operator gives orders and its messages are in a module. */

import { setImmediate as turn } from 'node:timers/promises';
import type { MessageOptions, ModuleOptions, Outcome } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from './core.js';

/** Takes as many milliseconds as the text of a message says. */
const slow = fixtureModule('slow', { window: 2 });
/** Logs what it sees. */
const witness = fixtureModule('versioned', { config: { version: 'saw' } });

let core: TestCore;
let told: string[];
let early: Promise<Outcome[]>;
beforeEach(() => {
  told = [];
});
afterEach(() => core.close());

function offer(texts: string[], options: MessageOptions = {}): Promise<Outcome[]> {
  return Promise.all(
    texts.map(async (text) => {
      const outcome = await core.supervisor.onMessage({ from: 'alice', to: 'bob' }, Buffer.from(text), options);
      told.push(text);
      return outcome;
    }),
  );
}

/** Starts with three messages in the slow module: two with its host, one that waits. */
async function begin(modules: ModuleOptions[]): Promise<void> {
  core = await startCore(modules);
  early = offer(['300', '201', '102']);
  expect(core.module('slow')).toMatchObject({ inFlight: 2, queued: 1 });
}

async function expectOrder(...late: string[]): Promise<void> {
  await early;
  expect(told).toEqual(['300', '201', '102', ...late]);
  expect(core.lines('versioned')).toEqual(told.map((text) => `saw ${text}`));
}

const reload = (...modules: ModuleOptions[]) => core.supervisor.reload(patientConfig({ modules }));
/** Resolves when an order has changed what it changes at once. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}
const chain = () => core.supervisor.status().modules.map(({ name }) => name);
const tracesOf = (outcomes: Outcome[]) => outcomes.map(({ trace }) => trace.map(({ module }) => module));

describe('a conversation keeps its order', () => {
  it('when a module that its messages are in is stopped and started', async () => {
    await begin([slow, witness]);
    const stopping = core.supervisor.stopModule('slow');
    const starting = core.supervisor.startModule('slow');
    await until(() => core.module('slow').desired === 'down');
    const late = await offer(['4', '5']);
    expect(late.map(({ trace }) => trace.map((entry) => entry.default))).toEqual(Array(2).fill(['down', null]));
    await stopping;
    await starting;
    expect((await offer(['6']))[0]?.trace[0]?.default).toBe(null);
    await expectOrder('4', '5', '6');
  });

  it('when a module is removed, and when it returns', async () => {
    await begin([slow, witness]);
    const removal = reload(witness);
    await until(() => !chain().includes('slow'));
    const late = await offer(['4', '5']);
    expect(tracesOf(late)).toEqual(Array(2).fill(['versioned']));
    await removal;
    const back = reload(witness, slow);
    const between = offer(['6', '7']);
    await back;
    await Promise.all([between, offer(['8'])]);
    await expectOrder('4', '5', '6', '7', '8');
  });

  it('when the modules are put in another order', async () => {
    await begin([slow, witness]);
    const order = reload(witness, slow);
    await until(() => chain()[0] === 'versioned');
    expect(tracesOf(await offer(['4', '5']))).toEqual(Array(2).fill(['versioned', 'slow']));
    await order;
    await expectOrder('4', '5');
  });

  it('when a module is restarted', async () => {
    await begin([slow, witness]);
    const restart = core.supervisor.restartModule('slow');
    await turn();
    await offer(['4', '5']);
    await restart;
    await expectOrder('4', '5');
  });

  it('when the module that holds the earlier messages is not called for this one', async () => {
    await begin([slow, witness]);
    expect(tracesOf(await offer(['4'], { sentBy: 'slow' }))).toEqual([['versioned']]);
    await expectOrder('4');
  });

  it('when the queue of a module is full', async () => {
    await begin([{ ...slow, queue: 1 }, witness]);
    const late = await offer(['4', '5']);
    expect(late.map(({ trace }) => trace[0]?.default)).toEqual(['overload', 'overload']);
    await expectOrder('4', '5');
  });

  it('when an earlier message reaches its deadline without an answer', async () => {
    await begin([{ ...slow, deadlineMs: 100 }, witness]);
    await core.supervisor.stopModule('slow');
    await offer(['4']);
    await expectOrder('4');
  });

  it('and does not hold up others', async () => {
    await begin([slow, witness]);
    const stopping = core.supervisor.stopModule('slow');
    await until(() => core.module('slow').desired === 'down');
    await core.send('other', { from: 'carol', to: 'dave' });
    expect([told, core.lines('versioned')]).toEqual([[], ['saw other']]);
    await Promise.all([stopping, early]);
  });
});
