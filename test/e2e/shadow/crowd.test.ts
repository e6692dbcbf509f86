/** A shadow together with replicas, recycling and a watched file. */

import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModuleOptions, Outcome, ShadowReport } from 'mesibo-modules';
import { afterEach, expect, it } from 'vitest';
import { fixture, makeTempDir, sample, startCore, TestCore } from '../core.js';

/** So often a replica of the shadow is killed, one a second. */
const KILLS = 12;

let core: TestCore;
afterEach(() => core.close());

const LIVELY = { maxCrashes: null, backoff: { minMs: 10, maxMs: 100 }, deadlineMs: 60_000 };
const primary = (options: Partial<ModuleOptions>): ModuleOptions => ({
  name: 'primary',
  path: sample('filter'),
  config: { blocked_words: 'alpha' },
  ...LIVELY,
  ...options,
});
/** Blocks one word more. */
const shadow = (options: Partial<ModuleOptions>): ModuleOptions =>
  primary({ name: 'shadow', shadowOf: 'primary', config: { blocked_words: 'alpha, beta' }, ...options });

/** Every word is blocked by both, by the shadow alone, or by none. */
function textOf(number: number): string {
  if (number % 10 === 3) return `alpha ${number}`;
  return number % 25 === 7 ? `beta ${number}` : `fine ${number}`;
}

/** Users who send all the time, each in a conversation of its own. */
class Load {
  readonly outcomes: { text: string; outcome: Outcome }[] = [];
  readonly #senders: Promise<void>[];
  #next = 0;
  #isOver = false;

  /** @param count - of messages; without it they go on until {@link end} */
  constructor(conversations: number, count = Number.POSITIVE_INFINITY) {
    this.#senders = Array.from({ length: conversations }, (_, i) => this.#send(`c${i}`, count));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.done();
  }

  async done(): Promise<void> {
    await Promise.all(this.#senders);
  }

  /** How many of them the shadow alone blocks. */
  get betas(): number {
    return this.outcomes.filter(({ text }) => text.startsWith('beta')).length;
  }

  /** The primary has answered each of them as if there were no shadow. */
  expectPeace(): void {
    for (const { text, outcome } of this.outcomes) {
      expect(outcome.verdict).toBe(text.startsWith('alpha') ? 'consumed' : 'pass');
      expect(outcome.trace).toMatchObject([{ module: 'primary', default: null }]);
    }
    expect(core.module('primary')).toMatchObject({ restarts: 0, crashes: { total: 0 } });
  }

  async #send(from: string, count: number): Promise<void> {
    while (!this.#isOver && this.#next < count) {
      const id = ++this.#next;
      const text = textOf(id);
      this.outcomes.push({ text, outcome: await core.send(text, { from, to: 'all', id }) });
    }
  }
}

/** Resolves when the shadow has had so many messages. */
async function counted(messages: number): Promise<ShadowReport> {
  const report = () => core.supervisor.shadowReport('shadow');
  const had = () => {
    const { compared, totals } = report();
    const { defaulted, skipped, primaryDefaulted } = totals;
    const unknown = [...Object.values(defaulted), ...Object.values(skipped), primaryDefaulted];
    return unknown.reduce((sum, count) => sum + count, compared);
  };
  await expect.poll(had, { timeout: 60_000 }).toBe(messages);
  return report();
}

it('with four replicas, of which one is killed every second, is compared exactly, and its primary sees nothing', {
  timeout: 240_000,
}, async () => {
  core = await startCore([primary({ replicas: 4 }), shadow({ replicas: 4 })]);
  const load = new Load(16);
  let deaths = 0;
  for (let i = 0; i < KILLS; i++) {
    await pause(1000);
    const host = core.module('shadow').hosts.find(({ replica, state }) => replica === i % 4 && state === 'ready');
    if (!host) continue;
    process.kill(host.pid, 'SIGKILL');
    deaths += 1;
  }
  await load.end();
  load.expectPeace();
  expect(deaths).toBeGreaterThan(KILLS / 2);
  const { totals, examples } = await counted(load.outcomes.length);
  // A death costs the verdict on what that process executed, and no other one.
  const died = totals.defaulted.crash;
  expect(died).toBeLessThanOrEqual(deaths);
  expect(totals).toMatchObject({ otherChanges: 0, primaryDefaulted: 0, skipped: { down: 0 } });
  const missed = load.betas - totals.otherVerdict;
  expect(missed).toBeGreaterThanOrEqual(0);
  expect(missed).toBeLessThanOrEqual(died + totals.skipped.overload);
  expect(examples.length).toBeGreaterThan(0);
  for (const { payload } of examples) expect(payload?.text).toMatch(/^beta /);

  // All serve again.
  await core.until(() => core.module('shadow').replicas.serving === 4);
  core.supervisor.shadowReport('shadow', { reset: true });
  const calm = new Load(16, 500);
  await calm.done();
  calm.expectPeace();
  const after = (await counted(500)).totals;
  expect(after).toMatchObject({ agreed: 500 - calm.betas, otherVerdict: calm.betas, otherChanges: 0 });
  expect(calm.betas).toBe(20);
});

it('is compared exactly while its hosts and those of its primary are recycled', async () => {
  core = await startCore([primary({ maxMessages: 100 }), shadow({ maxMessages: 70 })]);
  const recycled = (name: string) =>
    core.logs.filter(({ module, text }) => module === name && text.includes('has taken over from')).length;
  const load = new Load(8);
  await core.until(() => recycled('primary') >= 3 && recycled('shadow') >= 3);
  await load.end();
  load.expectPeace();
  const { totals } = await counted(load.outcomes.length);
  expect(totals).toMatchObject({
    agreed: load.outcomes.length - load.betas,
    otherVerdict: load.betas,
    otherChanges: 0,
    skipped: { overload: 0, down: 0 },
  });
  expect(core.module('shadow')).toMatchObject({ restarts: 0, crashes: { total: 0 } });
});

it('whose file is watched takes a new one, and counts anew', async () => {
  const place = makeTempDir();
  mkdirSync(join(place, 'modules'));
  const path = join(place, 'modules', 'module.so');
  copyFileSync(fixture('silent-2020'), path);
  core = new TestCore(
    { modules: [primary({}), shadow({ path, watch: true })] },
    {},
    { stateDir: join(place, 'state') },
  );
  await core.start();
  await core.send('alpha');
  expect((await counted(1)).totals).toMatchObject({ agreed: 0, otherVerdict: 1 });
  const taken = core.until(() => core.logs.some(({ text }) => text.includes('has changed; the new file ')));
  copyFileSync(sample('filter'), `${path}.new`);
  renameSync(`${path}.new`, path);
  await taken;
  expect(core.supervisor.shadowReport('shadow')).toMatchObject({ compared: 0, examples: [] });
  for (const text of ['alpha', 'beta']) await core.send(text);
  expect((await counted(2)).totals).toMatchObject({ agreed: 1, otherVerdict: 1 });
  expect(core.module('primary')).toMatchObject({ generation: 1, restarts: 0 });
  rmSync(place, { recursive: true });
});
