import { expect, it } from 'vitest';
import { Underway } from '../../../../src/supervisor/calls/underway.js';

it('waits for the present calls, and not for later ones', async () => {
  const underway = new Underway();
  const seen: string[] = [];
  const settles = (name: string) => void underway.settled().then(() => seen.push(name));
  settles('none');
  const [a, b] = [underway.enter(), underway.enter()];
  settles('a and b');
  const c = underway.enter();
  settles('c too');
  underway.leave(c);
  underway.leave(b);
  await null;
  await null;
  expect(seen).toEqual(['none']);
  underway.leave(a);
  await null;
  await null;
  expect(seen).toEqual(['none', 'a and b', 'c too']);
  const d = underway.enter();
  settles('d');
  settles('d again');
  underway.leave(d);
  await null;
  await null;
  expect(seen.slice(3)).toEqual(['d', 'd again']);
});
