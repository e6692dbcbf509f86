import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { fixture, startCore } from '../core.js';
import { NAME, Scene } from './scene.js';

let scene: Scene;
afterEach(() => scene.close());

it('hosts are replaced under load, and no message is lost, doubled, defaulted or out of order', async () => {
  scene = await Scene.start({ maxMessages: 50, config: { work: '500' } });
  const load = scene.load(4);
  await scene.core.until(() => scene.recycled === 3);
  await load.end();
  scene.expectPeace();
  expect(scene.told[0]).toMatch(
    /host 2 \(pid \d+\) has taken over from host 1 \(pid \d+\), which has answered \d+ messages/,
  );
});

it('a host is replaced by the same build, whatever its file is now', async () => {
  scene = new Scene();
  const path = join(scene.folder, 'module.so');
  const install = (build: string) => {
    copyFileSync(fixture(build), `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  install('build-a');
  scene.core = await startCore([{ name: NAME, path, maxMessages: 5 }]);
  install('build-b');
  for (let n = 0; n < 5; n += 1) await scene.core.send('hello');
  await scene.core.until(() => scene.recycled === 1);
  await scene.core.until(() => scene.status.hosts.length === 1);
  await scene.core.send('hello');
  expect(new Set(scene.core.lines(NAME))).toEqual(new Set(['a hello']));
  expect(scene.status).toMatchObject({ fileChanged: true, build: { kept: true } });
  scene.expectPeace();
});
