import { expect, test } from 'vitest';
import { SILENT_MS, untilSilent } from '../../../../cli/core/silence.js';

const ANSWER_MS = 5000;

/** When the command gives up a core that answers at these times. The clock moves only during pauses and questions. */
async function silentAt(answers: (nowMs: number) => boolean, overMs = Number.POSITIVE_INFINITY): Promise<number> {
  let nowMs = 1_000_000;
  const beganMs = nowMs;
  await untilSilent({
    nowMs: () => nowMs,
    pause: async (ms) => {
      nowMs += ms;
      if (nowMs - beganMs >= overMs) throw new Error('over');
    },
    ask: async () => {
      if (answers(nowMs - beganMs)) return;
      nowMs += ANSWER_MS;
      throw new Error('no answer');
    },
  });
  return nowMs - beganMs;
}

test('a core that never answers is given up after the time of silence, and not long after it', async () => {
  const givenUpMs = await silentAt(() => false);
  expect(givenUpMs).toBeGreaterThanOrEqual(SILENT_MS);
  expect(givenUpMs).toBeLessThan(SILENT_MS + 2 * ANSWER_MS);
});

test('silence counts from the last answer', async () => {
  expect(await silentAt((nowMs) => nowMs < 100_000)).toBeGreaterThanOrEqual(99_000 + SILENT_MS);
});

test('a core that answers now and then is waited for until the watch is over', async () => {
  const everyMs = SILENT_MS - 2 * ANSWER_MS;
  let answeredMs = 0;
  const slow = (nowMs: number) => {
    if (nowMs - answeredMs < everyMs) return false;
    answeredMs = nowMs;
    return true;
  };
  await expect(silentAt(slow, 600_000)).rejects.toThrow('over');
});
