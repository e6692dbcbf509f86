import { expect, it } from 'vitest';
import { reloadUnderLoad } from './scene.js';

it('1,000 reloads under load lose, double and default no message', { timeout: 3_600_000 }, async () => {
  expect.hasAssertions();
  await (await reloadUnderLoad(1_000)).close();
});
