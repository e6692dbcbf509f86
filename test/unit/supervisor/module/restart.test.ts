/** The restart of a module with several replicas: one after the other. */

import { readFileSync } from 'node:fs';
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

it('a build that does not start at the first replica is not given to the others when they crash', async () => {
  const scene = new PlayedModule({ replicas: 2 });
  await scene.start();
  const before = scene.module.loadedFile;
  scene.install('version 2, which does not start');
  const restarted = scene.module.restart();
  scene.run(1).exit();
  scene.run(3).connect();
  expect(await scene.run(3).welcomed()).toBe(scene.path);
  scene.run(3).phase = 'init';
  scene.run(3).die();
  expect(await restarted).toMatchObject({ code: 'MODULE_START_CRASHED', generation: 3 });
  // A reload finds that the file is another one than what runs.
  expect(scene.module.loadedFile).toBe(before);
  scene.run(2).die();
  const next = scene.run(4);
  next.connect();
  const loaded = await next.welcomed();
  expect([loaded === scene.path, readFileSync(loaded, 'utf8')]).toEqual([false, 'version 1']);
  next.ready();
  expect(scene.module.condition().state).toBe('serving');
  await scene.stop();
});
