import { describe, expect, it } from 'vitest';
import { HangUps } from '../../../src/daemon/hang-ups.js';

function observed(later = (work: () => void) => work()) {
  const ends: (() => void)[] = [];
  const hangUps = new HangUps(() => new Promise<void>((end) => ends.push(end)), later);
  const finish = async () => {
    ends.at(-1)?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { hangUps, finish, reloads: () => ends.length };
}

describe('SIGHUP', () => {
  it('before the core serves is carried out when it does', () => {
    const { hangUps, reloads } = observed();
    hangUps.add();
    hangUps.add();
    expect(reloads()).toBe(0);
    hangUps.open();
    expect(reloads()).toBe(1);
  });

  it('during a reload leads to one more, however often it comes', async () => {
    const { hangUps, finish, reloads } = observed();
    hangUps.open();
    for (let i = 0; i < 4; i++) hangUps.add();
    expect(reloads()).toBe(1);
    await finish();
    expect(reloads()).toBe(2);
    await finish();
    expect(reloads()).toBe(2);
    hangUps.add();
    expect(reloads()).toBe(3);
  });

  it('that comes together with a stop does nothing', () => {
    const deferred: (() => void)[] = [];
    const { hangUps, reloads } = observed((work) => void deferred.push(work));
    hangUps.open();
    hangUps.add();
    hangUps.close();
    for (const work of deferred) work();
    expect(reloads()).toBe(0);
  });

  it('when the core stops does nothing, also if it came before', async () => {
    const { hangUps, finish, reloads } = observed();
    hangUps.open();
    hangUps.add();
    hangUps.add();
    hangUps.close();
    await finish();
    hangUps.add();
    hangUps.open();
    expect(reloads()).toBe(1);
  });
});
