/** Hosts that are kept for a probation, and still hold calls when another one takes over. */

import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PlayedModule } from '../../../helpers/played-module.js';

const settings = { probationMs: 300_000, stopTimeoutMs: 50 };

it('one that does not finish in time ends, and the new one waits no longer', async () => {
  const scene = new PlayedModule(settings);
  await scene.start();
  scene.send('never answered');
  await scene.run(1).holds(1);
  await scene.reload({ config: { version: '2' } });
  scene.send('waits');
  expect(scene.module.status()).toMatchObject({ state: 'replacing', inFlight: 1, queued: 1 });
  await scene.run(1).signalled();
  scene.run(1).die({ signal: 'SIGTERM' });
  await scene.run(2).holds(1);
  scene.run(2).answer();
  expect(scene.told.map(({ text, answer }) => [text, answer.default])).toEqual([
    ['never answered', 'down'],
    ['waits', null],
  ]);
  expect(scene.module.status()).toMatchObject({ state: 'serving', probationUntil: null, takenBack: null });
  const text = /^module m: host 1 .*still executes what it got before the reload, after 50ms \(stop_timeout\)/;
  expect(scene.logs.map((line) => line.text)).toContainEqual(expect.stringMatching(text));
  await scene.stop();
});

it('of several replicas the others keep theirs, and can go back', async () => {
  const scene = new PlayedModule({ ...settings, replicas: 2 });
  await scene.start();
  const [stuck, quick] = [scene.run(1), scene.run(2)];
  for (let i = 0; i < 16; i++) scene.send('x', { from: `sender ${i}` });
  await stuck.holds(1);
  await quick.holds(1);
  await setImmediate();
  await scene.reload({ config: { version: '2' } });
  while (quick.held > 0) quick.answer();
  await stuck.signalled();
  stuck.die({ signal: 'SIGTERM' });
  expect([quick.isAsked, quick.ends]).toEqual([false, []]);
  expect(scene.module.status().probationUntil).not.toBeNull();
  // What it had not begun is done by the one that has taken over.
  await scene.run(3).holds(1);
  await setImmediate();
  while (scene.run(3).held > 0) scene.run(3).answer();
  scene.run(4).die();
  expect(scene.module.status()).toMatchObject({ state: 'serving', takenBack: expect.stringContaining('SIGSEGV') });
  expect(scene.module.spec.config).toEqual([]);
  // The replica without a kept host gets another one, with the settings of before.
  expect(scene.run(3).isAsked).toBe(true);
  scene.run(3).exit();
  await scene.run(5).start();
  expect(
    scene.module
      .status()
      .hosts.map(({ generation }) => generation)
      .sort(),
  ).toEqual([2, 5]);
  await scene.stop();
});
