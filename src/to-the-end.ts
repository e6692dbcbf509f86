/** Steps of an ending: each is taken, even if earlier ones fail. */

/** @throws the error of the first failed step, after all steps were taken */
export function takeAll(...steps: (() => void)[]): void {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** As {@link takeAll}, where each step waits for the one before it. */
export async function takeAllInTurn(...steps: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
