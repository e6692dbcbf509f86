import { expect, it } from 'vitest';
import { MemoryCeiling, REPLACE_EVERY_MS } from '../../../../src/supervisor/module/memory-ceiling.js';

class Scene {
  limitBytes: number | null = 100;
  isEarly = false;
  host = { state: 'ready', memoryBytes: 50, readUsage: () => ({ memoryBytes: this.host.memoryBytes }) };
  readonly told: [number, boolean][] = [];
  readonly ceiling = new MemoryCeiling<Scene['host']>({
    limitBytes: () => this.limitBytes,
    hosts: () => [this.host],
    replace: () => !this.isEarly,
    told: (_, memoryBytes, isReplaced) => this.told.push([memoryBytes, isReplaced]),
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
  expect(scene.told).toEqual([[101, true]]);
});

it('waits while another one is about to take over, and leaves alone what drains', () => {
  const scene = new Scene();
  scene.host.memoryBytes = 200;
  scene.isEarly = true;
  scene.ceiling.look(0);
  scene.isEarly = false;
  scene.host.state = 'draining';
  scene.ceiling.look(1000);
  expect(scene.told).toEqual([]);
  scene.host.state = 'ready';
  scene.ceiling.look(2000);
  expect(scene.told).toEqual([[200, true]]);
});

it('a module that needs more is replaced once a minute, and told of once in between', () => {
  const scene = new Scene();
  scene.host.memoryBytes = 200;
  scene.ceiling.look(0);
  scene.host = { ...scene.host, readUsage: () => ({ memoryBytes: 300 }) };
  for (let ms = 1000; ms < REPLACE_EVERY_MS; ms += 1000) scene.ceiling.look(ms);
  expect(scene.told).toEqual([
    [200, true],
    [300, false],
  ]);
  scene.ceiling.look(REPLACE_EVERY_MS);
  expect(scene.told).toHaveLength(3);
});

it('without a limit nothing is looked at', () => {
  const scene = new Scene();
  scene.limitBytes = null;
  scene.host.memoryBytes = 1e9;
  scene.ceiling.look(0);
  expect(scene.told).toEqual([]);
});
