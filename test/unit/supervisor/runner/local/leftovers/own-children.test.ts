import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { OwnChildren } from '../../../../../../src/supervisor/runner/local/leftovers/own-children.js';

let own: OwnChildren;
afterEach(() => own.close());

it('knows a child from the turn of its start until its exit is reported', async () => {
  own = new OwnChildren();
  const child = spawn('sh', ['-c', 'exit 7']);
  const pid = child.pid as number;
  await Promise.resolve();
  expect(own.has(pid)).toBe(true);
  const [code] = await once(child, 'exit');
  expect(code).toBe(7);
  await new Promise(setImmediate);
  expect(own.has(pid)).toBe(false);
});

it('leaves the error of a child that cannot be started to its owner', async () => {
  own = new OwnChildren();
  const child = spawn('/nonexistent');
  const [error] = await once(child, 'error');
  expect(error).toMatchObject({ code: 'ENOENT' });
  expect(child.listenerCount('error')).toBe(0);
  expect(spawnSync('true').status).toBe(0);
});

it('hears of no child any more once it is closed', async () => {
  own = new OwnChildren();
  own.close();
  const child = spawn('true');
  await Promise.resolve();
  expect(own.has(child.pid as number)).toBe(false);
  await once(child, 'exit');
});
