import { expect, it } from 'vitest';
import { MemoryCeiling, REPLACE_EVERY_MS } from '../../../../src/supervisor/module/memory-ceiling.js';

class Scene {
  limitBytes: number | null = 100;
  host = { state: 'ready', memoryBytes: 50, readUsage: () => ({ memoryBytes: this.host.memoryBytes }) };
  /** What was asked to be replaced, and what was spared. */
  readonly told: ['replace' | 'spared', number][] = [];
  readonly ceiling = new MemoryCeiling<Scene['host']>({
    limitBytes: () => this.limitBytes,
    hosts: () => [this.host],
    replace: (_, memoryBytes) => this.told.push(['replace', memoryBytes]),
    spared: (_, memoryBytes) => this.told.push(['spared', memoryBytes]),
  });
}

it('replaces a host that has more than the limit', () => {
  const scene = new Scene();
  scene.ceiling.look(0);
  scene.host.memoryBytes = 100;
  scene.ceiling.look(1000);
  expect(scene.told).toEqual([]);
  scene.host.memoryBytes = 101;
  scene.ceiling.look(2000);
  expect(scene.told).toEqual([['replace', 101]]);
});

it('asks again until another one has taken over, and leaves alone what drains', () => {
  const scene = new Scene();
  scene.host.memoryBytes = 200;
  scene.ceiling.look(0);
  scene.host.state = 'draining';
  scene.ceiling.look(1000);
  expect(scene.told).toEqual([['replace', 200]]);
  scene.host.state = 'ready';
  scene.ceiling.look(2000);
  expect(scene.told).toEqual([
    ['replace', 200],
    ['replace', 200],
  ]);
});

it('a module that needs more is replaced once a minute, and told of once in between', () => {
  const scene = new Scene();
  scene.host.memoryBytes = 200;
  scene.ceiling.look(0);
  scene.ceiling.replaced(500);
  scene.host = { ...scene.host, readUsage: () => ({ memoryBytes: 300 }) };
  for (let ms = 1000; ms < 500 + REPLACE_EVERY_MS; ms += 1000) scene.ceiling.look(ms);
  expect(scene.told).toEqual([
    ['replace', 200],
    ['spared', 300],
  ]);
  scene.ceiling.look(500 + REPLACE_EVERY_MS);
  expect(scene.told).toHaveLength(3);
});

it('without a limit nothing is looked at', () => {
  const scene = new Scene();
  scene.limitBytes = null;
  scene.host.memoryBytes = 1e9;
  scene.ceiling.look(0);
  expect(scene.told).toEqual([]);
});
