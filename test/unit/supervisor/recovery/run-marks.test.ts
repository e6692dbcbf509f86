import { lutimesSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { HeldLock } from '../../../../src/held-lock.js';
import { formatLock } from '../../../../src/lock-file.js';
import { findLostRuns, markRun, newestFirst } from '../../../../src/supervisor/recovery/run-marks.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const [FIRST, SECOND, THIRD] = ['a'.repeat(16), '0'.repeat(16), 'f'.repeat(16)] as [string, string, string];

let boxDir: string;
let runDir: string;
beforeEach(() => {
  const directory = makeTempDir();
  boxDir = join(directory, 'boxes');
  runDir = join(directory, 'run');
  for (const path of [boxDir, runDir]) mkdirSync(path);
});
const mark = (runId: string) => markRun(boxDir, { runId, runDir, stateDir: '/state' });

describe('runs', () => {
  it('come in the order in which they began, whatever their ids are', () => {
    for (const [i, runId] of [SECOND, THIRD, FIRST].entries()) {
      mark(runId);
      const seconds = 1_000_000_000 + ([2, 3, 1][i] as number);
      lutimesSync(join(boxDir, `mesibo-modules-${runId}`), seconds, seconds);
    }
    const unknown = '9'.repeat(16);
    expect(newestFirst(boxDir, [unknown, FIRST, SECOND, THIRD, FIRST])).toEqual([THIRD, SECOND, FIRST, unknown]);
  });

  it('count as lost when their core no longer holds the lock of its run directory', () => {
    mark(FIRST);
    const run = { runId: FIRST, runDir, stateDir: '/state' };
    const lock = HeldLock.take(join(runDir, 'lock'), 0) as HeldLock;
    lock.write(formatLock(1, [FIRST]));
    expect(findLostRuns(boxDir)).toEqual([]);
    lock.release();
    expect(findLostRuns(boxDir)).toEqual([{ ...run, isKnown: true }]);
    writeFileSync(join(runDir, 'lock'), '');
    expect(findLostRuns(boxDir)).toEqual([{ ...run, isKnown: false }]);
  });
});
