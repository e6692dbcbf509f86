/** `watch = yes`: all ways in which another file comes to stand at a path. */

import { copyFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fixture } from '../core.js';
import { useScene } from './scene.js';

const scene = useScene();

describe('a new file', () => {
  it('is found even where the system announces nothing: another folder stands in the place of the old one', async () => {
    await scene().start();
    const other = join(scene().place, 'other');
    mkdirSync(other);
    copyFileSync(fixture('build-b'), join(other, 'module.so'));
    renameSync(dirname(scene().file), join(scene().place, 'old'));
    renameSync(other, dirname(scene().file));
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
    // The new folder is watched from now on.
    scene().replace('build-a');
    await scene().taken(2);
  });
});

describe('a symbolic link', () => {
  const v1 = () => join(scene().place, 'modules', 'module-1.so');
  const v2 = () => join(scene().place, 'modules', 'module-2.so');

  beforeEach(() => {
    unlinkSync(scene().file);
    copyFileSync(fixture('build-a'), v1());
    copyFileSync(fixture('build-b'), v2());
  });

  it('that leads to another file, and a target that is replaced, are changes', async () => {
    symlinkSync('module-1.so', scene().file);
    await scene().start();
    symlinkSync('module-2.so', `${scene().file}.new`);
    renameSync(`${scene().file}.new`, scene().file);
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
    scene().replace('build-a', v2());
    await scene().taken(2);
    expect(await scene().answering()).toBe('a hello');
  });

  it('to a folder that leads to another one is a change', async () => {
    const at = (release: string) => join(scene().place, release, 'module.so');
    for (const [release, build] of [
      ['1', 'build-a'],
      ['2', 'build-b'],
    ] as const) {
      mkdirSync(join(scene().place, release));
      copyFileSync(fixture(build), at(release));
    }
    symlinkSync('1', join(scene().place, 'current'));
    await scene().start([scene().spec({ path: at('current') })]);
    symlinkSync('2', join(scene().place, 'next'));
    renameSync(join(scene().place, 'next'), join(scene().place, 'current'));
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
  });
});
