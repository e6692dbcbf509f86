import { expect, it } from 'vitest';
import { within } from '../../src/within.js';

const PATIENCE_MS = 60_000;
const never = new Promise<string>(() => undefined);

it('is what comes of the work', async () => {
  await expect(within(PATIENCE_MS, Promise.resolve('done'), 'late')).resolves.toBe('done');
  await expect(within(PATIENCE_MS, Promise.reject(new Error('broken')), 'late')).rejects.toThrow('broken');
});

it('is late once the time is over, and what comes of the work then is ignored', async () => {
  await expect(within(1, never, 'late')).resolves.toBe('late');
  const { promise, reject } = failable();
  await expect(within(1, promise, 'late')).resolves.toBe('late');
  reject(new Error('too late'));
});

/** Work that fails when it is told to. */
function failable() {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((_, no) => {
    reject = no;
  });
  return { promise, reject };
}
