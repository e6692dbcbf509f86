/** `watch = yes`: the core takes a new file by itself when it is whole, and only then. */

import { appendFileSync, copyFileSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixture, type TestCore } from '../core.js';
import { NAME, useScene } from './scene.js';

const scene = useScene();

describe('a new file', () => {
  it.each<[string, () => void]>([
    ['is put in place by a rename', () => scene().replace('build-b')],
    [
      'is made anew under the same name, as install does it',
      () => {
        unlinkSync(scene().file);
        copyFileSync(fixture('build-b'), scene().file);
      },
    ],
    ['is written into the old one', () => copyFileSync(fixture('build-b'), scene().file)],
  ])('that %s is taken', async (_, install) => {
    await scene().start();
    expect(await scene().answering()).toBe('a hello');
    install();
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
    expect(scene().core.module(NAME)).toMatchObject({ state: 'serving', fileChanged: false });
    expect(scene().watched).toEqual([{ module: NAME, problem: null }]);
    expect(scene().takenLines()[0]?.text).toMatch(
      /module\.so has changed; the new file \(sha256 [0-9a-f]{12}\) was taken$/,
    );
    expect(scene().errorLines()).toEqual([]);
  });

  it('that is written slowly is taken when it is whole', async () => {
    await scene().startWithSentinel();
    const bytes = readFileSync(fixture('build-b'));
    unlinkSync(scene().file);
    writeFileSync(scene().file, bytes.subarray(0, 1000));
    await scene().sentinelChanges();
    appendFileSync(scene().file, bytes.subarray(1000, bytes.length - 10));
    expect(await scene().answering()).toBe('a hello');
    appendFileSync(scene().file, bytes.subarray(bytes.length - 10));
    await scene().taken(1);
    expect(await scene().answering()).toBe('b hello');
    expect([scene().errorLines(), scene().core.module(NAME).generation]).toEqual([[], 2]);
  });

  it('is taken under load without a default verdict, a loss or another order', async () => {
    await scene().start([scene().spec({ logRate: null })]);
    let isOver = false;
    let sent = 0;
    const outcomes: Awaited<ReturnType<TestCore['send']>>[] = [];
    const sender = async () => {
      while (!isOver) outcomes.push(await scene().core.send(`${sent++}`));
    };
    const senders = [sender(), sender(), sender(), sender()];
    scene().replace('build-b');
    await scene().taken(1);
    const before = sent;
    while (sent < before + 20) await scene().core.send(`${sent++}`);
    isOver = true;
    await Promise.all(senders);
    expect(outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null)).toEqual([]);
    const lines = scene()
      .core.lines(NAME)
      .map((line) => line.split(' '));
    expect(lines.map(([, number]) => Number(number))).toEqual(Array.from({ length: sent }, (_, i) => i));
    expect(lines.map(([build]) => build).join('')).toMatch(/^a+b+$/);
  });

  it('brings back a module that was given up', async () => {
    scene().replace('no-init');
    await scene().start();
    expect(scene().core.module(NAME).state).toBe('failed');
    scene().replace('build-a');
    await scene().taken(1);
    expect(await scene().answering()).toBe('a hello');
  });
});
