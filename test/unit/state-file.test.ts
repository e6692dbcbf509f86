import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StateDocument } from '../../src/state-file.js';
import { makeTempDir } from '../helpers/temp-dir.js';

it('tries a failed write again when it is asked, at most once a second', () => {
  const dir = join(makeTempDir(), 'gone');
  let nowMs = 0;
  let content = 'first';
  const document = new StateDocument(
    join(dir, 'state.json'),
    () => content,
    () => nowMs,
  );
  expect([document.write(), document.failure]).toEqual([false, expect.stringMatching(/state\.json cannot be written/)]);
  mkdirSync(dir);
  content = 'second';
  nowMs = 999;
  expect(document.failure).toContain('cannot be written');
  nowMs = 1000;
  expect(document.failure).toBeNull();
  expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toBe('second');
});

it('reports nothing when nothing is kept', () => {
  const document = new StateDocument(null, () => 'what');
  expect([document.write(), document.failure]).toEqual([true, null]);
});
