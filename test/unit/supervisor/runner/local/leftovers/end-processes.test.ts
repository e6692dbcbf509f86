import { describe, expect, it } from 'vitest';
import type { ProcessName } from '../../../../../../src/proc.js';
import { describeEnding } from '../../../../../../src/supervisor/news/describe-ending.js';
import {
  type EndingEffects,
  endProcesses,
} from '../../../../../../src/supervisor/runner/local/leftovers/end-processes.js';

/** A machine with some processes; a pause lets those end that were killed. */
class Machine implements EndingEffects {
  running: ProcessName[];
  readonly dying = new Set<number>();
  readonly protectedPids = new Set<number>();
  readonly stuckPids = new Set<number>();
  looks = 0;
  kills = 0;
  ms = 0;
  /** Called at each kill. */
  onKill: (pid: number) => void = () => undefined;

  constructor(...pids: number[]) {
    this.running = pids.map(named);
  }

  async find(): Promise<ProcessName[]> {
    this.looks += 1;
    return [...this.running];
  }

  kill(pid: number): boolean {
    this.kills += 1;
    if (this.protectedPids.has(pid)) return false;
    this.onKill(pid);
    if (!this.stuckPids.has(pid)) this.dying.add(pid);
    return true;
  }

  async pause(): Promise<void> {
    this.ms += 20;
    this.running = this.running.filter(({ pid }) => !this.dying.has(pid));
  }

  nowMs(): number {
    return this.ms;
  }
}

const named = (pid: number): ProcessName => ({ pid, name: `p${pid}` });
const pids = (processes: ProcessName[]) => processes.map(({ pid }) => pid);

describe('ending processes', () => {
  it('looks twice when it finds no process: one in an exec shows no environment', async () => {
    const machine = new Machine();
    const late = named(7);
    machine.pause = async () => {
      machine.ms += 20;
      machine.running = machine.looks === 1 ? [late] : [];
    };
    expect(await endProcesses(machine)).toEqual({ ended: [late], left: [] });
    expect(await endProcesses(new Machine())).toEqual({ ended: [], left: [] });
  });

  it('looks once when that is enough', async () => {
    const machine = new Machine();
    await endProcesses(machine, 1);
    expect([machine.looks, machine.ms]).toEqual([1, 0]);
    const busy = new Machine(1);
    expect(await endProcesses(busy, 1)).toEqual({ ended: [named(1)], left: [] });
    expect(busy.looks).toBe(2);
  });

  it('goes on with processes that were started meanwhile', async () => {
    const machine = new Machine(1);
    machine.onKill = (pid) => {
      if (pid < 30 && !machine.dying.has(pid)) machine.running.push(named(pid + 1));
    };
    const { ended, left } = await endProcesses(machine);
    expect(pids(ended)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(left).toEqual([]);
  });

  it('gives up after five seconds when there is no end', async () => {
    const machine = new Machine(1);
    let next = 2;
    machine.onKill = () => machine.running.push(named(next++));
    const { left } = await endProcesses(machine);
    expect(machine.ms).toBe(5000);
    expect(left.length).toBeGreaterThan(0);
  });

  it('names processes that cannot be ended, and does not wait for those that it may not end', async () => {
    const machine = new Machine(1, 2);
    machine.protectedPids.add(2);
    expect(await endProcesses(machine)).toEqual({ ended: [named(1)], left: [named(2)] });
    expect(machine.ms).toBeLessThan(100);
    const stuck = new Machine(1, 2);
    stuck.stuckPids.add(1);
    expect(await endProcesses(stuck)).toEqual({ ended: [named(2)], left: [named(1)] });
    expect(stuck.ms).toBe(5000);
  });
});

describe('an ending in words', () => {
  it.each([
    [[], [], null],
    [[1], [], '1 process that it left was ended: p1 (pid 1)'],
    [[1, 2], [], '2 processes that it left were ended: p1 (pid 1), p2 (pid 2)'],
    [[], [3], '1 process that it left cannot be ended: p3 (pid 3); end them by hand'],
    [
      [1],
      [3],
      '1 process that it left was ended: p1 (pid 1); 1 process that it left cannot be ended: p3 (pid 3); end them by hand',
    ],
  ])('%j %j', (ended, left, text) => {
    expect(describeEnding({ ended: ended.map(named), left: left.map(named) }, 'that it left')).toBe(text);
  });

  it('names ten', () => {
    const ended = Array.from({ length: 12 }, (_, i) => named(i));
    expect(describeEnding({ ended, left: [] }, 'that it left')).toMatch(/p9 \(pid 9\) and 2 more$/);
  });
});
