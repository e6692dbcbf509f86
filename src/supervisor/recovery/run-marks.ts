/**
 * Where a run keeps its lock, told beside its black boxes: a symbolic link of the run's name to its run directory. Without
 * it nobody could tell whose boxes those are when a core was killed and its run directory removed, as systemd does.
 */

import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readLockText } from '../../held-lock.js';
import { flockExclusive } from '../../libc.js';
import { parseLock } from '../../lock-file.js';
import { findOldBoxes, isOfModule, removeOldBox } from './old-boxes.js';
import { isDeadThrowaway } from './throwaway-dirs.js';

/** A run whose core is dead, and that no start on its own run directory would come to. */
export interface LostRun {
  runId: string;
  /** Where its core had its lock. */
  runDir: string;
}

/** Marks a run; where that cannot be done no box can be made either, which is told then. */
export function markRun(boxDir: string, { runId, runDir }: LostRun): void {
  try {
    symlinkSync(runDir, markOf(boxDir, runId));
  } catch {
    return;
  }
}

/** Removes the mark of a run, and the boxes that it may have left; tells how many there were of modules. */
export function forgetRun(boxDir: string, runId: string): number {
  const boxes = findOldBoxes(boxDir, [runId]);
  for (const { path } of boxes) removeOldBox(path);
  removeOldBox(markOf(boxDir, runId));
  return boxes.filter(isOfModule).length;
}

/**
 * Finds the runs of this user to whose run directories no core will come: those do not know them any more, or were made
 * for a moment. Their boxes nobody holds, neither their core nor anything that it had started.
 */
export function findLostRuns(boxDir: string): LostRun[] {
  return listMarks(boxDir).filter(({ runId, runDir }) => {
    if (readRunIds(runDir).includes(runId) && !isDeadThrowaway(runDir, Date.now())) return false;
    return findOldBoxes(boxDir, [runId]).every(({ path }) => isFree(path));
  });
}

function markOf(boxDir: string, runId: string): string {
  return join(boxDir, `mesibo-modules-${runId}`);
}

function listMarks(boxDir: string): LostRun[] {
  const runs: LostRun[] = [];
  try {
    for (const name of readdirSync(boxDir)) {
      const runId = /^mesibo-modules-([0-9a-f]{16})$/.exec(name)?.[1];
      if (!runId) continue;
      const path = join(boxDir, name);
      const info = lstatSync(path);
      if (info.isSymbolicLink() && info.uid === process.geteuid?.()) runs.push({ runId, runDir: readlinkSync(path) });
    }
  } catch {
    // Another core may be removing its own; the next start looks again.
  }
  return runs;
}

function readRunIds(runDir: string): string[] {
  return parseLock(readLockText(join(runDir, 'lock'))).runIds;
}

/** A box is locked as long as its core, or a process that has it mapped, lives. */
function isFree(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    return flockExclusive(fd);
  } finally {
    closeSync(fd);
  }
}
