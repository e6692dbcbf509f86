/** Tells a core that hangs while it starts from one that takes its time: no effects but those that it is given. */

/** A core that starts can be asked how it fares; one that says nothing for so long hangs. */
export const SILENT_MS = 30_000;
const ASK_EVERY_MS = 1000;

/** What the watch is done with. */
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
