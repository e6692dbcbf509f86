/** Waits for something that may never end, and not for ever. */

/**
 * What comes of the work, or `late` once the time is over. The work goes on then, and what comes of it is ignored.
 *
 * @throws what the work rejects with, if it does so in time
 */
export async function within<T>(limitMs: number, work: Promise<T>, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, limitMs, late);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
