/** What keeps a host serving, when orders and deaths come in between. */

import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SupervisorError } from '../../../../src/errors.js';
import { PlayedModule } from '../../../helpers/played-module.js';

it('a stop ends the wait for a start that is to be made again', async () => {
  const scene = new PlayedModule();
  const started = scene.module.start();
  // Somebody ends the whole service: first the host, before it could load the module, then the core.
  scene.run(1).die({ signal: 'SIGTERM' });
  expect(scene.module.condition().state).toBe('backoff');
  await scene.module.stop();
  const message = 'module m: it was stopped before it was ready';
  expect(await started).toMatchObject({ name: 'IllegalStateError', code: 'ILLEGAL_STATE', message, module: 'm' });
  expect(scene.runs).toHaveLength(1);
});

it('a start for which there is no process ends nothing when another host has taken over in the same moment', async () => {
  const scene = new PlayedModule({ backoff: { minMs: 20, maxMs: 20 } });
  await scene.start();
  scene.run(1).die();
  await scene.run(2).start();
  const prepared = scene.module.prepare(scene.spec());
  scene.run(3).connect();
  await scene.run(3).welcomed();
  scene.run(2).die();
  expect(scene.module.condition().state).toBe('backoff');
  await new Promise<void>((done) => {
    // The wait is over, and no process can be had. Before that is dealt with, the successor is ready.
    scene.refuses = () => {
      scene.refuses = () => null;
      queueMicrotask(() => {
        scene.run(3).ready();
        scene.module.adopt(scene.around);
        done();
      });
      return new SupervisorError('HOST_START_FAILED', 'no process can be had');
    };
  });
  expect(await prepared).toBeNull();
  await setImmediate();
  const { state, hosts, crashes } = scene.module.status();
  expect([state, crashes.total, scene.runs.length]).toEqual(['serving', 2, 3]);
  expect(hosts.map(({ generation }) => generation)).toEqual([3]);
  await scene.stop();
});
