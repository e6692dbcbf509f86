import { describe, expect, it } from 'vitest';
import { type Turn, Turns } from '../../../src/host-runner/turns.js';

describe('turns', () => {
  const turns = new Turns();
  const take = (count: number, waiting: Turn[]) =>
    Array.from({ length: count }, () => turns.next((turn) => waiting.includes(turn)));

  it('go round where all wait', () => {
    expect(take(4, ['notification', 'message', 'http'])).toEqual(['http', 'message', 'notification', 'http']);
  });

  it('pass over what does not wait, and go on where they were', () => {
    expect(take(3, ['message', 'notification'])).toEqual(['message', 'notification', 'message']);
    expect(take(2, ['message'])).toEqual(['message', 'message']);
    expect(take(2, ['http', 'message'])).toEqual(['http', 'message']);
    expect(take(1, [])).toEqual([null]);
    expect(take(1, ['http', 'notification'])).toEqual(['notification']);
  });
});
