/** `watch = yes` and `probation` of the same module. */

import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { beforeEach, expect, it } from 'vitest';
import { fixture, fixtureModule, isRunning, patientConfig } from '../core.js';
import { SENTINEL, useScene } from './scene.js';

const scene = useScene();
const BREAKS = 'breaks_later';
/** Longer than any test. */
const LONG_MS = 300_000;

/** A version is a configuration. Another file is the same module with something after its end. */
function breaks(config: Record<string, string>, options: Partial<ModuleOptions> = {}): ModuleOptions {
  return scene().spec({ name: BREAKS, probationMs: LONG_MS, logRate: null, config, ...options });
}

function write(path: string, mark: string, name = 'breaks-later'): void {
  copyFileSync(fixture(name), path);
  appendFileSync(path, mark);
}

function install(mark: string): void {
  write(`${scene().file}.new`, mark);
  renameSync(`${scene().file}.new`, scene().file);
}

const module = () => scene().core.module(BREAKS);

beforeEach(() => install('first'));

it('a file that a reload by hand has tried, and that has failed, is not tried again with the old settings', async () => {
  await scene().start([breaks({ version: '1' }), scene().sentinel()]);
  const { pid } = module();
  install('second');
  // At once, before the core has looked at the file for long enough.
  const modules = [breaks({ version: '2', at: '1' }), scene().sentinel()];
  await scene().core.supervisor.reload(patientConfig({ modules }), { wait: false });
  expect(module()).toMatchObject({ generation: 2, probationUntil: expect.any(String) });
  await scene().core.send('breaks it');
  await scene().core.until(() => module().takenBack !== null);
  // The first change lets the core look at all files, and the second one takes longer than a reload would.
  await scene().sentinelChanges();
  await scene().sentinelChanges();
  expect(module()).toMatchObject({ pid, generation: 1, fileChanged: true, takenBack: expect.any(String) });
  expect([scene().takenLines(BREAKS), scene().errorLines()]).toEqual([[], []]);
  install('third');
  await scene().taken(1, BREAKS);
  expect(module()).toMatchObject({ generation: 3, takenBack: null });
  // Other bytes have run, so these may be tried again.
  install('second');
  await scene().taken(2, BREAKS);
});

it('a file that a reload by hand takes, while the core waits to take it, is taken once and stays on probation', async () => {
  const slow = fixtureModule('slow');
  await scene().start([breaks({ version: '1' }), scene().sentinel(), slow]);
  // Orders wait until it has finished. Meanwhile the core has looked at the file for long enough.
  const busy = scene().core.send('3000');
  const stopped = scene().core.supervisor.stopModule(slow.name);
  install('second');
  const modules = [breaks({ version: '2' }), scene().sentinel(), slow];
  const reload = scene().core.supervisor.reload(patientConfig({ modules }), { wait: false });
  await Promise.all([busy, stopped]);
  expect(await reload).toMatchObject({ replaced: [BREAKS], probation: [BREAKS] });
  await scene().sentinelChanges();
  expect(module()).toMatchObject({ generation: 2, probationUntil: expect.any(String) });
  expect([scene().takenLines(BREAKS), scene().errorLines()]).toEqual([[], []]);
});

it('a newer file ends the probation when it is whole, and is taken', async () => {
  await scene().start([breaks({ version: '1' }), scene().sentinel()]);
  const { pid: first } = module();
  install('second');
  await scene().taken(1, BREAKS);
  const { pid: second, probationUntil } = module();
  expect([isRunning(first as number), typeof probationUntil]).toEqual([true, 'string']);
  // It is on its way: the probation goes on.
  unlinkSync(scene().file);
  const whole = readFileSync(fixture('breaks-later'));
  writeFileSync(scene().file, whole.subarray(0, 1000));
  await scene().sentinelChanges();
  await scene().sentinelChanges();
  expect(module()).toMatchObject({ pid: second, probationUntil: expect.any(String) });
  install('third');
  await scene().taken(2, BREAKS);
  await scene().core.until(() => module().hosts.length === 2);
  const { hosts, takenBack, generation } = module();
  expect([generation, takenBack, hosts.map(({ pid }) => pid)]).toEqual([3, null, expect.arrayContaining([second])]);
  expect(isRunning(first as number)).toBe(false);
});

it('a module on probation does not hold up others, where only looking finds changes', async () => {
  const fileOf = (name: string) => join(scene().place, name, 'module.so');
  // Nothing announces that another folder stands in the place of the old one.
  const swap = (name: string, fixtureName: string, mark: string) => {
    const other = join(scene().place, `${name}-${mark}`);
    mkdirSync(other);
    write(join(other, 'module.so'), mark, fixtureName);
    const folder = dirname(fileOf(name));
    if (existsSync(folder)) renameSync(folder, join(scene().place, `${name}-before-${mark}`));
    renameSync(other, folder);
  };
  swap('tried', 'breaks-later', 'first');
  swap('other', 'versioned', 'first');
  await scene().start([
    breaks({ version: '1' }, { path: fileOf('tried') }),
    { ...scene().sentinel(), path: fileOf('other') },
  ]);
  swap('tried', 'breaks-later', 'second');
  await scene().taken(1, BREAKS);
  swap('other', 'versioned', 'second');
  await scene().taken(1, SENTINEL);
  swap('tried', 'breaks-later', 'third');
  await scene().taken(2, BREAKS);
  expect(module()).toMatchObject({ generation: 3, probationUntil: expect.any(String) });
});
