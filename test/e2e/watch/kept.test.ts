/** `watch = yes`: when the module goes on with the file that it has loaded. */

import { readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Core, type WatchEvent } from 'mesibo-modules';
import { describe, expect, it } from 'vitest';
import { patientConfig } from '../core.js';
import { NAME, SENTINEL, useScene } from './scene.js';

const scene = useScene();

describe('a file that does not load', () => {
  it.each([
    ['lacks its init', 'no-init'],
    ['refuses in its init', 'init-returns-minus-one'],
    ['crashes while it is loaded', 'constructor-aborts'],
  ])('because it %s changes nothing, is told once, and is not tried again until it changes', async (_, build) => {
    await scene().startWithSentinel();
    const { pid, generation } = scene().core.module(NAME);
    scene().replace(build);
    await scene().core.until(() => scene().errorLines().length >= 1);
    expect(await scene().answering()).toBe('a hello');
    expect(scene().core.module(NAME)).toMatchObject({ pid, generation, state: 'serving', hosts: [{ pid }] });
    // The same bytes with another date, and in another file.
    utimesSync(scene().file, new Date(), new Date());
    scene().replace(build);
    await scene().sentinelChanges();
    expect([scene().errorLines().length, scene().core.module(NAME).pid]).toEqual([1, pid]);
    expect(scene().watched.filter(({ module }) => module === NAME)).toEqual([
      { module: NAME, problem: expect.stringMatching(/^module names_its_build: .*has changed, and was not taken: /) },
    ]);
    scene().replace('build-b');
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
  });
});

describe('nothing happens', () => {
  it('when only its date changes, or the same bytes come again', async () => {
    await scene().startWithSentinel();
    const { pid } = scene().core.module(NAME);
    utimesSync(scene().file, new Date(), new Date());
    await scene().sentinelChanges();
    scene().replace('build-a');
    await scene().sentinelChanges();
    expect([scene().core.module(NAME).pid, scene().takenLines(), scene().errorLines()]).toEqual([pid, [], []]);
  });

  it('when the file is removed; when it comes back, it is taken', async () => {
    await scene().startWithSentinel();
    const { pid } = scene().core.module(NAME);
    unlinkSync(scene().file);
    await scene().core.until(() => scene().core.logs.some(({ text }) => text.includes('is gone')));
    await scene().sentinelChanges();
    expect(await scene().answering()).toBe('a hello');
    expect([
      scene().core.module(NAME).pid,
      scene().core.logs.filter(({ text }) => text.includes('is gone')).length,
    ]).toEqual([pid, 1]);
    scene().replace('build-b');
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
  });

  it('without watch, after it was switched off, and while the module is stopped', async () => {
    await scene().startWithSentinel({ watch: false });
    scene().replace('build-b');
    await scene().sentinelChanges();
    expect(await scene().answering()).toBe('a hello');
    // What has changed before is taken when it is switched on. No new process is needed for that.
    expect(
      await scene().core.supervisor.planReload(patientConfig({ modules: [scene().spec(), scene().sentinel()] })),
    ).toMatchObject({
      changes: [{ module: NAME, settings: ['watch'], file: true }],
    });
    await scene().reload([scene().spec(), scene().sentinel()]);
    expect(await scene().answering()).toBe('b hello');
    await scene().reload([scene().spec({ watch: false }), scene().sentinel()]);
    scene().replace('build-a');
    await scene().sentinelChanges();
    expect(await scene().answering()).toBe('b hello');

    await scene().reload([scene().spec(), scene().sentinel()]);
    await scene().core.supervisor.stopModule(NAME);
    scene().replace('build-b');
    await scene().sentinelChanges();
    expect(scene().core.module(NAME)).toMatchObject({ state: 'stopped', hosts: [] });
    await scene().core.supervisor.startModule(NAME);
    expect(await scene().answering()).toBe('b hello');
    scene().replace('build-a');
    await scene().taken(1);
    await scene().reload([scene().sentinel()]);
    scene().replace('build-b');
    await scene().sentinelChanges();
    expect(
      scene()
        .core.supervisor.status()
        .modules.map(({ name }) => name),
    ).toEqual([SENTINEL]);
  });
});

it('a core keeps the settings in use, reads no configuration, and runs the program of on_event', async () => {
  await scene().start([]);
  const told = join(scene().place, 'told');
  const onEvent = join(scene().place, 'tell.sh');
  writeFileSync(onEvent, `#!/bin/sh\necho "$MESIBO_EVENT $MESIBO_MODULE $MESIBO_REASON" >> ${told}\n`, { mode: 0o755 });
  let reads = 0;
  const whole = new Core(patientConfig({ onEvent, modules: [scene().spec({ config: { greeting: 'value' } })] }), {
    runDir: join(scene().place, 'run'),
    stateDir: join(scene().place, 'state-of-whole'),
    reload: () => {
      reads += 1;
      return patientConfig({ modules: [] });
    },
  });
  await whole.start();
  const event = () => new Promise<WatchEvent>((done) => whole.once('watched', done));
  let next = event();
  scene().replace('no-init');
  expect((await next).problem).toContain('was not taken');
  await expect
    .poll(() => readFileSync(told, 'utf8'), { timeout: 30_000 })
    .toMatch(/^reload-failed names_its_build module names_its_build: .*was not taken/);
  next = event();
  scene().replace('build-b');
  expect(await next).toEqual({ module: NAME, problem: null });
  expect(whole.describeModule(NAME)).toMatchObject({ generation: 3, config: [{ key: 'greeting', value: 'value' }] });
  expect([reads, whole.status().core.problems]).toEqual([0, []]);
  await whole.stop();
});
