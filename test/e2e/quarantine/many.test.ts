/** No message kills twice: many messages, of which some kill the module, and each of those comes three times. */

import { rmSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { seeded } from '../../helpers/random.js';
import { fixtureModule, makeTempDir, TestCore } from '../core.js';

const MESSAGES = 10_000;
const DEADLY = 100;
const COPIES = 3;
const DEADLINE_MS = 60_000;
/** A slow machine must start all the hosts that these need within the deadline. */
const AT_A_TIME = 1000;
const WORDS = ['consume', 'fine'] as const;
const stateDir = makeTempDir();
afterAll(() => rmSync(stateDir, { recursive: true }));

function startCore(): Promise<TestCore> {
  const often = { maxCrashes: null, backoff: { minMs: 1, maxMs: 1 }, deadlineMs: DEADLINE_MS, queue: MESSAGES };
  const modules = [fixtureModule('kills-by-word', { ...often, quarantine: 1 })];
  return new TestCore({ modules, chainDeadlineMs: DEADLINE_MS }, {}, { stateDir }).start();
}

/** In any order, except that half of the deadly ones have their copies right behind them, so that these wait already. */
function makeTexts(): string[] {
  const copies = (number: number) => Array.from({ length: COPIES }, () => `null ${number}`);
  const together = Array.from({ length: DEADLY / 2 }, (_, at) => copies(2 * at));
  const apart = Array.from({ length: DEADLY / 2 }, (_, at) => copies(2 * at + 1)).flat();
  const harmless = Array.from({ length: MESSAGES - DEADLY * COPIES }, (_, at) => `${WORDS[at % 2]} ${at}`);
  const groups = [...together, ...[...apart, ...harmless].map((text) => [text])];
  const next = seeded(19);
  for (let at = groups.length - 1; at > 0; at--) {
    const other = next(at + 1);
    [groups[at], groups[other]] = [groups[other] as string[], groups[at] as string[]];
  }
  return groups.flat();
}

/**
 * Sends all of them, many at a time, each with an id of its own, as messages have that are sent again.
 *
 * @returns how many got what
 */
async function sendAll(core: TestCore, texts: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let id = 0;
  const sendNext = async (): Promise<void> => {
    const text = texts[id++];
    if (text === undefined) return;
    // Copies of a message have the same sender.
    const from = `user${Number(text.split(' ')[1]) % 50}`;
    const { verdict, trace } = await core.send(text, { from, to: 'bob', id });
    const key = `${text.split(' ')[0]}: ${trace[0]?.default ?? verdict}`;
    counts[key] = (counts[key] ?? 0) + 1;
    await sendNext();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, sendNext));
  return counts;
}

it('of 10,000 messages 100 kill the module once each, in three copies, and all others get their true verdicts', async () => {
  const core = await startCore();
  const counts = await sendAll(core, makeTexts());
  const { crashes, quarantined, messages } = core.module('kills_by_word');
  expect(counts).toEqual({
    'null: crash': DEADLY,
    'null: quarantine': DEADLY * (COPIES - 1),
    'consume: consumed': (MESSAGES - DEADLY * COPIES) / 2,
    'fine: pass': (MESSAGES - DEADLY * COPIES) / 2,
  });
  expect(crashes).toMatchObject({ total: DEADLY, byCause: { crash: DEADLY } });
  expect([quarantined, messages.total, messages.late]).toEqual([DEADLY, MESSAGES, 0]);
  await core.close();
}, 600_000);

it('the next core withholds all of them from the beginning', async () => {
  const core = await startCore();
  const counts = await sendAll(core, makeTexts());
  expect(counts['null: quarantine']).toBe(DEADLY * COPIES);
  expect(core.module('kills_by_word')).toMatchObject({ generation: 1, quarantined: DEADLY, crashes: { total: 0 } });
  await core.close();
});
