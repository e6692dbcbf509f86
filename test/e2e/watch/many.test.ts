import { appendFileSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixture } from '../core.js';
import { FIFTY, fiftyModules, LightLoad, nameOf, Starts, TIMEOUT_MS } from '../reloads/fifty.js';
import { useScene } from './scene.js';

const scene = useScene();

it('50 watched files that change at the same moment are taken, each once, and no message is lost, doubled or defaulted', {
  timeout: TIMEOUT_MS,
}, async () => {
  const pathOf = (i: number) => join(scene().place, 'many', `${nameOf(i)}.so`);
  const write = (path: string, mark: string) => {
    copyFileSync(fixture('versioned'), path);
    appendFileSync(path, mark);
  };
  mkdirSync(join(scene().place, 'many'));
  for (let i = 0; i < FIFTY; i++) write(pathOf(i), `first ${i}`);
  await scene().start(fiftyModules(1, pathOf).map((module) => ({ ...module, watch: true })));
  const { core } = scene();
  expect(core.report.refused).toEqual([]);
  const starts = new Starts(core);
  const load = new LightLoad(core);
  await load.more(10);
  const beganMs = performance.now();
  for (let i = 0; i < FIFTY; i++) write(`${pathOf(i)}.new`, `second ${i}`);
  for (let i = 0; i < FIFTY; i++) renameSync(`${pathOf(i)}.new`, pathOf(i));
  await core.until(() => scene().watched.length === FIFTY);
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  await load.more(10);
  const messages = await load.end();
  process.stdout.write(`${JSON.stringify({ files: FIFTY, seconds, messages, ...starts })}\n`);
  expect(
    scene()
      .watched.map(({ module, problem }) => `${module} ${problem}`)
      .sort(),
  ).toEqual(Array.from({ length: FIFTY }, (_, i) => `${nameOf(i)} null`).sort());
  for (let i = 0; i < FIFTY; i++) {
    expect(core.module(nameOf(i))).toMatchObject({ generation: 2, state: 'serving', fileChanged: false, restarts: 0 });
  }
  // One order after the other.
  expect(starts.most).toBe(1);
  expect(scene().errorLines()).toEqual([]);
});
