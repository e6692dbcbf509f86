import { describe, expect, it } from 'vitest';
import { runSendsSoak } from '../../bench/soak/sends/run.js';
import { runSoak } from '../../bench/soak/soak.js';

// A machine that is busy with other tests may take seconds for a restart.
const limits = { hangMs: 300, deadlineMs: 30_000, chainDeadlineMs: 100_000 };

describe('messages through three modules whose hosts are killed', () => {
  it('are each answered once, as the journals of the modules say, and so are the sends of these', async () => {
    const seed = Math.floor(Math.random() * 1_000_000);
    const { violations, ...result } = await runSoak({ messages: 5000, kills: 12, seed, limits });
    expect(violations, `npm run soak -- --messages 5000 --kills 12 --seed ${seed}`).toEqual([]);
    expect(result.answers).toBe(5000);
    // All but one: its message may have met another death before.
    expect(Object.values(result.kills).reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(11);
    for (const [kind, count] of Object.entries(result.kills)) expect(count, kind).toBeGreaterThan(0);
    expect(result.restarts).toBeGreaterThanOrEqual(11);
    expect(result.sends.delivered).toBeGreaterThan(1000);
  }, 300_000);

  it('stay in their order, each once, while modules are also reloaded, restarted, stopped, removed and brought back', async () => {
    const seed = Math.floor(Math.random() * 1_000_000);
    const { violations, ...result } = await runSoak({ messages: 8000, kills: 8, seed, attack: true, limits });
    expect(violations, `npm run soak -- --attack --messages 8000 --kills 8 --seed ${seed}`).toEqual([]);
    expect(result.answers).toBe(8000);
    for (const [kind, count] of Object.entries(result.orders ?? {})) expect(count, kind).toBeGreaterThan(0);
  }, 300_000);
});

describe('a message that a module sends', () => {
  it('comes to its server under one id and in order, although the core is killed and the server is cut off', async () => {
    const seed = Math.floor(Math.random() * 1_000_000);
    const { violations, ...result } = await runSendsSoak({ messages: 3000, kills: 4, cuts: 4, seed });
    const again = `npm run soak -- --sends --messages 3000 --kills 4 --cuts 4 --seed ${seed}`;
    expect(violations, again).toEqual([]);
    expect(result).toMatchObject({ kills: 4, cuts: 4, refused: 0 });
    expect(result.delivered).toBeGreaterThanOrEqual(3000);
    expect(result.cameTwice).toBeLessThan(result.delivered / 2);
  }, 600_000);
});
