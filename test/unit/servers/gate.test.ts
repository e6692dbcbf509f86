import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Gates } from '../../../src/servers/gate.js';

let allowance: number;
let closed: string[];
let gates: Gates;
let seen: string[];

beforeEach(() => {
  vi.useFakeTimers();
  allowance = 2;
  closed = [];
  seen = [];
  gates = new Gates({
    allowanceOf: () => allowance,
    now: Date.now,
    limitMs: () => 1000,
    closed: (server) => closed.push(server),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An event comes to a gate. */
function come(gate: ReturnType<Gates['enter']>, name: string, owner: object = gate): void {
  const begin = () => seen.push(`${name} begins`);
  if (gate.begin()) begin();
  else gate.hold({ owner, begin, refuse: () => seen.push(`${name} refused`) });
}

it('lets the allowed number be in progress, and the others in order as these end', () => {
  const gate = gates.enter('a');
  for (const name of ['1', '2', '3', '4']) come(gate, name);
  expect(seen).toEqual(['1 begins', '2 begins']);
  gate.end();
  // Who comes now is behind the one that waits.
  come(gate, '5');
  expect(seen.slice(2)).toEqual(['3 begins']);
  allowance = 10;
  gates.roomAgain();
  expect(seen.slice(3)).toEqual(['4 begins', '5 begins']);
  expect(closed).toEqual([]);
});

it('is shared by all connections of one name', () => {
  const [one, two, other] = [gates.enter('a'), gates.enter('a'), gates.enter('b')];
  for (const gate of [one, two, two, other]) come(gate, gate.server);
  expect(seen).toEqual(['a begins', 'a begins', 'b begins']);
});

it('refuses events that have waited too long, and says once that the server has to acknowledge', () => {
  const gate = gates.enter('a');
  come(gate, '1');
  allowance = 0;
  come(gate, '2');
  vi.advanceTimersByTime(500);
  come(gate, '3');
  expect([closed, gates.closed()]).toEqual([['a'], ['a']]);
  vi.advanceTimersByTime(500);
  expect(seen).toEqual(['1 begins', '2 refused']);
  vi.advanceTimersByTime(500);
  expect(seen).toEqual(['1 begins', '2 refused', '3 refused']);
  gate.end();
  expect(gates.closed()).toEqual([]);
  come(gate, '4');
  expect(closed).toEqual(['a', 'a']);
});

it('drops the waiting events of a connection that closes, and ends with the last one once nothing is in progress', () => {
  const [one, two] = [gates.enter('a'), gates.enter('a')];
  const [mine, yours] = [{}, {}];
  for (const name of ['1', '2']) come(one, name, mine);
  come(one, '3', mine);
  come(two, '4', yours);
  one.leave(mine);
  expect(seen.slice(2)).toEqual(['3 refused']);
  two.leave(yours);
  expect(seen.slice(3)).toEqual(['4 refused']);
  // What is in progress still counts for who comes next.
  come(gates.enter('a'), '5');
  expect(seen.slice(4)).toEqual([]);
  one.end();
  expect(seen.slice(4)).toEqual(['5 begins']);
});
