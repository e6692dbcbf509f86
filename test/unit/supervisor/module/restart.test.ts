/** The restart of a module with several replicas: one after the other. */

import { expect, it } from 'vitest';
import { PlayedModule } from '../../../helpers/played-module.js';

it('a stop between two replicas holds: no other one is started', async () => {
  const scene = new PlayedModule({ replicas: 2 });
  await scene.start();
  let stopped: Promise<void> | null = null;
  scene.heard = ({ kind }) => {
    if (kind === 'ready') stopped ??= scene.module.stop();
  };
  const restarted = scene.module.restart();
  scene.run(1).exit();
  await scene.run(3).start();
  await restarted;
  for (const generation of [2, 3]) scene.run(generation).exit();
  expect(scene.runs).toHaveLength(3);
  await stopped;
});
