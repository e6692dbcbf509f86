import { expect, it } from 'vitest';
import { type HeldFrame, Lane } from '../../../src/host-runner/lane.js';
import { BATCH } from '../../../src/host-runner/shim.js';

/** A frame with this many messages. */
function frame(messages: number): HeldFrame {
  const batch = new Uint32Array(BATCH.words);
  batch[BATCH.left.message] = messages;
  return { bytes: Buffer.alloc(1), batch };
}

/** Each call takes so long; as the shim, it stops behind the first that takes it over its time. */
function laneOf(callMs: number): { lane: Lane; runs: number[] } {
  const runs: number[] = [];
  const run = (_bytes: Buffer, _length: number, batch: Uint32Array, _lane: number, micros: number) => {
    const until = performance.now() + micros / 1000;
    let made = 0;
    do {
      for (const end = performance.now() + callMs; performance.now() < end; );
      batch[BATCH.left.message] = (batch[BATCH.left.message] as number) - 1;
      made += 1;
    } while ((batch[BATCH.left.message] as number) > 0 && performance.now() < until);
    runs.push(made);
    return made;
  };
  return { lane: new Lane('message', { run }), runs };
}

it('a call that takes longer than a slice ends it', () => {
  const { lane, runs } = laneOf(3);
  lane.push(frame(3));
  expect([lane.run(1000), lane.run(1000), lane.run(1000)]).toEqual([1, 1, 1]);
  expect(runs).toEqual([1, 1, 1]);
  expect(lane.isEmpty).toBe(true);
});

it('a slice goes on with the next frame', () => {
  const { lane } = laneOf(0);
  for (const messages of [2, 3, 1]) lane.push(frame(messages));
  lane.push(frame(0));
  expect(lane.run(1_000_000)).toBe(6);
  expect(lane.isEmpty).toBe(true);
});

it('without room in the box no call is made, and the slice is over', () => {
  const lane = new Lane('message', { run: () => 0 });
  lane.push(frame(1));
  expect(lane.run(1000)).toBe(0);
  expect(lane.isEmpty).toBe(false);
});
