import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StoppedModules } from '../../../../src/supervisor/orders/stopped-modules.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

it('remembers names over runs, and forgets them', () => {
  const dir = makeTempDir();
  const first = new StoppedModules(dir);
  first.add('filter');
  first.add('crashy');
  first.delete('filter');
  const second = new StoppedModules(dir);
  expect([second.has('filter'), second.has('crashy'), second.problem]).toEqual([false, true, null]);
});

it('says when it does not know them any more', () => {
  const dir = makeTempDir();
  const file = join(dir, 'stopped.json');
  for (const content of [
    '',
    'garbage',
    '{"version":2,"modules":[]}',
    '{"version":1,"modules":[7]}',
    'x'.repeat(2 << 20),
  ]) {
    writeFileSync(file, content);
    const stopped = new StoppedModules(dir);
    expect(stopped.problem).toContain(file);
    stopped.add('filter');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, modules: ['filter'] });
  }
});

it('says so when a name holds for this run only, until it can be written', () => {
  const dir = makeTempDir();
  const stopped = new StoppedModules(join(dir, 'missing'));
  stopped.add('filter');
  expect([stopped.has('filter'), stopped.problem]).toEqual([true, expect.stringContaining('ENOENT')]);
  mkdirSync(join(dir, 'missing'));
  stopped.delete('filter');
  stopped.add('crashy');
  expect([stopped.problem, new StoppedModules(join(dir, 'missing')).has('crashy')]).toEqual([null, true]);
  const forgetful = new StoppedModules(null);
  forgetful.add('filter');
  expect([forgetful.has('filter'), forgetful.problem]).toEqual([true, null]);
});
