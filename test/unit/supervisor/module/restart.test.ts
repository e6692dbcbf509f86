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

it('a restart that ends at a replica says which have a new process, and which have not', async () => {
  const scene = new PlayedModule({ replicas: 4 });
  await scene.start();
  const restarted = scene.module.restart();
  scene.run(1).exit();
  await scene.run(5).start();
  scene.run(2).exit();
  const last = scene.run(6);
  last.connect();
  await last.welcomed();
  last.phase = 'init';
  last.die();
  expect((await restarted)?.message.split('\n').at(-1)).toBe(
    'the restart ended at replica 1, which does not serve; with a new process: replica 0; as before: replicas 2, 3',
  );
  await scene.stop();
});

it('a reset counts the restarts of each replica from 0', async () => {
  const scene = new PlayedModule({ replicas: 2 });
  await scene.start();
  scene.run(2).die();
  await scene.run(3).start();
  const restarts = () => scene.module.status().replicas.each.map((each) => each.restarts);
  expect([scene.module.status().restarts, restarts()]).toEqual([1, [0, 1]]);
  await scene.module.reset();
  expect([scene.module.status().restarts, restarts()]).toEqual([0, [0, 0]]);
  await scene.stop();
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
  expect(await restarted).toMatchObject({
    code: 'MODULE_START_CRASHED',
    generation: 3,
    message: expect.stringMatching(
      /\nthe restart ended at replica 0, which does not serve; no replica has a new process; as before: replica 1$/,
    ),
  });
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
