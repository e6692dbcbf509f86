import { expect, it } from 'vitest';
import { faulty, Scene } from './scene.js';

/** Hosts that are killed. */
const KILLS = process.env.MESIBO_TEST_FULL ? 100 : 10;
const AROUND = 100;

it(`loses nothing of ${KILLS} hosts that are killed at any moment, while threads of the module write`, async () => {
  const settings = {
    deadlineMs: 60_000,
    hangMs: 60_000,
    logRate: null,
    maxCrashes: null,
    backoff: { minMs: 1, maxMs: 1 },
  };
  const scene = await Scene.start(faulty('killed-at-work', 'message', settings));
  const { core } = scene;
  try {
    for (let generation = 1; generation <= KILLS; generation++) {
      await core.serving('faulty', generation);
      const before = scene.sendLoad(AROUND);
      const fault = scene.send(['f']);
      const after = await scene.sendLoad(AROUND);
      for (const message of await before) scene.expectOwn(message, generation);
      const lost = [...(await fault), ...after].filter(({ outcome }) => outcome.trace[0]?.default !== null);
      // It dies in the hands of one call, or between two.
      expect(lost.length).toBeLessThanOrEqual(1);
      for (const message of lost) scene.expectDefault(message, 'crash', 'pass');
      for (const message of after) if (!lost.includes(message)) scene.expectOwn(message, generation, generation + 1);
    }
    await core.serving('faulty', KILLS + 1);
    for (let generation = 1; generation <= KILLS; generation++) expectCounted(scene, generation);
    const exit = { cause: 'crash', signal: 'SIGKILL', exitCode: null, says: /was ended by SIGKILL/ } as const;
    scene.expectExits(Array.from({ length: KILLS }, () => exit));
    scene.expectCounted(0);
    scene.expectWitnessed();
  } finally {
    await core.close();
  }
}, 600_000);

/** Each thread of the module counted as long as its host lived: nothing is missing, nothing comes twice. */
function expectCounted({ core }: Scene, generation: number): void {
  const sent = core.sent.filter((message) => message.generation === generation);
  const lines = core.logs.filter((line) => line.module === 'faulty' && line.generation === generation);
  for (const thread of [0, 1]) {
    const pattern = new RegExp(`^thread ${thread} count (\\d+)$`);
    const counts = (texts: string[]) => texts.flatMap((text) => pattern.exec(text)?.slice(1).map(Number) ?? []);
    const sends = counts(sent.map(({ payload }) => payload.toString()));
    expect(sends, `thread ${thread} of host ${generation}`).toEqual(sends.map((_, i) => i));
    const logged = counts(lines.map(({ text }) => text));
    expect(logged, `thread ${thread} of host ${generation}`).toEqual(logged.map((_, i) => i));
    // A thread logs what it has sent.
    expect([0, 1]).toContain(sends.length - logged.length);
  }
}
