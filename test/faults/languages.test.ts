import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { built } from './scene.js';
import { playAll } from './suite.js';
import { CRASHES, EXITS, type FaultRow, IN_CPP, IN_RUST, PLACES, REQUESTS, STALLS } from './table.js';

const isRustHere = existsSync(built('faulty-rust.so'));

playAll('a module in another language', isRustHere ? [...IN_CPP, ...IN_RUST] : IN_CPP);

it.skipIf(isRustHere)('faults in Rust are played where its compiler is installed', () => undefined);

/** Its ends that nobody had ordered. */
const endsOf = ({ exits, stop, card }: FaultRow) =>
  [...exits, stop].flatMap((exit) => (exit.card === null ? [] : [exit.card ?? card]));

it.each([
  ['C', [...CRASHES, ...EXITS, ...STALLS, ...PLACES, ...REQUESTS]],
  ['C++', IN_CPP],
  ['Rust', IN_RUST],
])('of the rows in %s at least four of five name function, file and line', (_, rows) => {
  const deadly = rows.filter((row) => endsOf(row).length > 0);
  const named = deadly.filter((row) => endsOf(row).every((card) => card.function !== null));
  expect(named.length / deadly.length).toBeGreaterThanOrEqual(0.8);
});
