/** Tells a core that hangs while it starts from a slow one. All its effects are passed in. */

/** A core that starts already answers requests. One that answers none for this long hangs. */
export const SILENT_MS = 30_000;
const ASK_EVERY_MS = 1000;

/** The effects of the watch. */
export interface Watching {
  /** Rejects when the core has not answered, in bounded time. */
  ask: () => Promise<unknown>;
  /** A clock that is never set. */
  nowMs: () => number;
  /** Rejects when the watch is over. */
  pause: (ms: number) => Promise<unknown>;
}

/** Resolves once the core has given no answer for {@link SILENT_MS}; rejects as `pause` does. */
export async function untilSilent({ ask, nowMs, pause }: Watching): Promise<void> {
  let answeredMs = nowMs();
  while (nowMs() - answeredMs < SILENT_MS) {
    await pause(ASK_EVERY_MS);
    const answers = await ask().then(
      () => true,
      () => false,
    );
    if (answers) answeredMs = nowMs();
  }
}
