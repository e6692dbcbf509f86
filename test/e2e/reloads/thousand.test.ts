import { expect, it } from 'vitest';
import { reloadUnderLoad } from './scene.js';

it('1,000 reloads under load lose, double and default no message, and use no more at the end', {
  timeout: 3_600_000,
}, async () => {
  const figures = await reloadUnderLoad(1_000);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  const { early, late } = figures;
  expect(late.descriptors).toBeLessThanOrEqual(early.descriptors);
  expect(late.files).toBeLessThanOrEqual(early.files);
  // 800 reloads lie between the two. A leak of 32 KiB for each would show.
  expect(late.rssMiB - early.rssMiB).toBeLessThan(25);
  expect(late.heapMiB - early.heapMiB).toBeLessThan(8);
});
