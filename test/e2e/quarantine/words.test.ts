/** A module that a message can kill in many ways: only its own fault, on the thread that calls it, is held against the message. */

import { afterEach, expect, it } from 'vitest';
import { fixtureModule, startCore, type TestCore } from '../core.js';

let core: TestCore | undefined;
afterEach(async () => {
  await core?.close();
  core = undefined;
});

const ENDLESS = { maxCrashes: null, backoff: { minMs: 1, maxMs: 1 }, deadlineMs: 60_000 };

async function startKilled(options = {}): Promise<TestCore> {
  core = await startCore([fixtureModule('kills-by-word', { ...ENDLESS, quarantine: 1, ...options })]);
  return core;
}

const defaultOf = async (core: TestCore, text: string) => (await core.send(text)).trace[0]?.default ?? null;

it.each([
  ['null', 'SIGSEGV', null],
  ['abort', 'SIGABRT', null],
  ['exit', null, 7],
])('a message that ends it by %s is not given to it again', async (word, signal, exitCode) => {
  const core = await startKilled();
  expect(await defaultOf(core, word)).toBe('crash');
  expect(await defaultOf(core, word)).toBe('quarantine');
  expect(await defaultOf(core, 'consume this')).toBeNull();
  const { generation, quarantined, crashes, messages } = core.module('kills_by_word');
  expect([generation, quarantined, crashes.total]).toEqual([2, 1, 1]);
  expect(messages).toMatchObject({ total: 3, default: 2, defaultByReason: { crash: 1, quarantine: 1 } });
  const [entry] = core.supervisor.quarantine({ kind: 'list', module: null });
  expect(entry).toMatchObject({
    signal,
    exitCode,
    crashes: 1,
    withheld: 1,
    from: 'alice',
    to: 'bob',
    bytes: word.length,
  });
  expect(core.lines('kills_by_word', 'supervisor')).toContainEqual(
    expect.stringMatching(
      /^module kills_by_word: a message without an id from "alice" ended its process; it is in quarantine until \S+, so this build does not get it again; to look at it: mesibo-modules quarantine show kills_by_word-[0-9a-f]{12}$/,
    ),
  );
});

it.each(['_exit', 'kill', 'handled', 'thread'])(
  'a message during which it ends by "%s" is given again: nobody can tell whether it was the message',
  async (word) => {
    const core = await startKilled();
    for (let times = 0; times < 2; times++) expect(await defaultOf(core, word)).toBe('crash');
    expect(core.module('kills_by_word')).toMatchObject({ quarantined: 0, crashes: { total: 2 } });
  },
);

it('a signal from outside is not held against the message that the module executes', async () => {
  const core = await startKilled({ hangMs: null });
  for (let times = 1; times <= 2; times++) {
    const verdict = defaultOf(core, 'wait');
    await core.until(() => core.lines('kills_by_word', 'stdout').length === times);
    process.kill(core.module('kills_by_word').pid as number, 'SIGSEGV');
    expect(await verdict).toBe('crash');
  }
  expect(core.module('kills_by_word')).toMatchObject({ quarantined: 0, crashes: { total: 2 } });
});
