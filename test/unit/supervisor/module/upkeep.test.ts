/** What keeps a host serving, when orders and deaths come in between. */

import { expect, it } from 'vitest';
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
