import { describe, expect, it } from 'vitest';
import { runSoak } from '../../bench/soak/soak.js';

describe('messages through three modules whose hosts are killed', () => {
  it('are answered once each, as the journals of the modules have it, and so is what they sent', async () => {
    const result = await runSoak({ messages: 5000, kills: 12, seed: Math.floor(Math.random() * 1_000_000) });
    expect(result.violations).toEqual([]);
    expect(result.answers).toBe(5000);
    // Chance may spare one whose message met another death first.
    for (const [kind, count] of Object.entries(result.kills)) expect(count, kind).toBeGreaterThan(0);
    expect(result.restarts).toBeGreaterThanOrEqual(9);
    expect(result.sends.delivered).toBeGreaterThan(1000);
  }, 200_000);
});
