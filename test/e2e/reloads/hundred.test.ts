import { expect, it } from 'vitest';
import { reloadUnderLoad } from './scene.js';

it('100 reloads under load lose, double and default no message', { timeout: 600_000 }, async () => {
  expect.hasAssertions();
  await reloadUnderLoad(100);
});
