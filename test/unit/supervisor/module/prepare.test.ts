/** A module with several replicas prepares their successors. */

import { expect, it } from 'vitest';
import { SupervisorError } from '../../../../src/errors.js';
import { PlayedModule } from '../../../helpers/played-module.js';

it('it is replacing as long as one is prepared, also when the first one fails at once', async () => {
  const scene = new PlayedModule({ replicas: 2 });
  await scene.start();
  const from = scene.lives.length;
  scene.refuses = () => {
    scene.refuses = () => null;
    return new SupervisorError('HOST_START_FAILED', 'no process can be had');
  };
  const prepared = scene.module.prepare(scene.spec());
  expect(scene.module.condition().state).toBe('replacing');
  await scene.run(3).start();
  expect(await prepared).toMatchObject({ code: 'HOST_START_FAILED' });
  const abandoned = scene.module.abandon();
  scene.run(3).exit();
  await abandoned;
  const states = scene.lives.slice(from).flatMap((event) => (event.kind === 'module' ? [event.to] : []));
  expect(states).toEqual(['replacing', 'serving']);
  await scene.stop();
});
