import { beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../../../src/supervisor/host/host.js';
import { HostSet } from '../../../../src/supervisor/module/host-set.js';

const host = (inFlight = 0) => ({ inFlight }) as Host;

describe('the hosts of a module', () => {
  const [a, b, c] = [host(1), host(2), host()];
  let hosts: HostSet;
  beforeEach(() => {
    hosts = new HostSet();
    hosts.place(c, 'preparing');
    hosts.place(a, 'serving');
    hosts.place(b, 'serving');
  });

  it('are found by their role, the oldest first, or all together in the order in which calls concern them', () => {
    expect(hosts.in('serving')).toEqual([a, b]);
    expect(hosts.first).toBe(a);
    hosts.place(a, 'retiring');
    expect([hosts.first, hosts.all, hosts.inFlight]).toEqual([b, [b, a, c], 3]);
  });

  it('have one role each', () => {
    hosts.place(c, 'serving');
    expect(hosts.in('preparing')).toEqual([]);
    expect(hosts.roleOf(c)).toBe('serving');
    expect([hosts.remove(c), hosts.remove(c), hosts.roleOf(c)]).toEqual(['serving', null, null]);
  });

  it('are finishing only when one retires that still holds calls', () => {
    expect(hosts.isFinishing).toBe(false);
    hosts.place(c, 'retiring');
    expect(hosts.isFinishing).toBe(false);
    hosts.place(a, 'retiring');
    expect(hosts.isFinishing).toBe(true);
  });

  it('stay the same during an iteration', () => {
    const before = hosts.in('serving');
    hosts.place(a, 'retiring');
    expect(before).toEqual([a, b]);
  });
});
