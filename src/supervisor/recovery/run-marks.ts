/**
 * Where a run keeps its lock and its state. Symbolic links beside its black boxes have the name of the run and lead to its run
 * directory and its state directory. They show whose boxes these are when a core was killed and its run directory was removed,
 * as systemd does. Two more links say since when boxes wait: their targets are milliseconds.
 */

import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readLockText } from '../../held-lock.js';
import { flockExclusive } from '../../libc.js';
import { parseLock } from '../../lock-file.js';
import { findOldBoxes, isOfModule, mayHoldSends, removeOldBox } from './old-boxes.js';
import { isDeadThrowaway } from './throwaway-dirs.js';

/** Where a run is. */
export interface RunPlaces {
  runId: string;
  /** Where its core has its lock, or had it. */
  runDir: string;
  /** Where it keeps its state; `null`: nowhere, or nobody knows. */
  stateDir: string | null;
}

/** A run whose core is dead. */
export interface LostRun extends RunPlaces {
  /** Whether a start on its run directory would deal with it, because that directory still knows the run. */
  isKnown: boolean;
}

/** Why boxes wait. `lost`: no core has come for them. `unread`: the core that came cannot read them. */
export type Waiting = 'lost' | 'unread';

/** Marks a run. Where this fails no box can be made either, and that is reported then. */
export function markRun(boxDir: string, { runId, runDir, stateDir }: RunPlaces): void {
  makeLink(runDir, markOf(boxDir, runId));
  if (stateDir !== null) makeLink(stateDir, markOf(boxDir, runId, 'state'));
}

/** Since when boxes of a run wait, in milliseconds since the epoch. If nobody has noted it before: since now. */
export function waitingSince(boxDir: string, runId: string, why: Waiting, nowMs: number): number {
  const mark = markOf(boxDir, runId, why);
  const sinceMs = Number(readOwnLink(mark) ?? Number.NaN);
  // A clock that was set back must not keep them for ever.
  if (sinceMs > 0 && sinceMs <= nowMs) return sinceMs;
  removeOldBox(mark);
  makeLink(String(nowMs), mark);
  return nowMs;
}

/** Removes the mark of a run and the boxes that it may have left. @returns how many of these belonged to modules */
export function forgetRun(boxDir: string, runId: string): number {
  const boxes = findOldBoxes(boxDir, [runId]);
  for (const { path } of boxes) removeOldBox(path);
  for (const kind of [null, 'state', 'lost', 'unread'] as const) removeOldBox(markOf(boxDir, runId, kind));
  return boxes.filter(isOfModule).length;
}

/** As {@link forgetRun}, but keeps boxes that may hold messages of modules. @returns also how many stay */
export function forgetAllButSends(boxDir: string, runId: string): { removed: number; kept: number } {
  const boxes = findOldBoxes(boxDir, [runId]);
  const kept = boxes.filter((box) => isOfModule(box) && mayHoldSends(box));
  if (kept.length === 0) return { removed: forgetRun(boxDir, runId), kept: 0 };
  const others = boxes.filter((box) => !kept.includes(box));
  for (const { path } of others) removeOldBox(path);
  return { removed: others.filter(isOfModule).length, kept: kept.length };
}

/**
 * Finds the runs of this user whose cores are dead. If the run directory knows a run, its lock decides: nobody holds it. If it
 * does not, or is a temporary one, the boxes decide: neither the core nor anything that it started holds one.
 */
export function findLostRuns(boxDir: string): LostRun[] {
  const lost: LostRun[] = [];
  for (const run of listMarks(boxDir)) {
    const { runId, runDir } = run;
    const isKnown = readRunIds(runDir).includes(runId) && !isDeadThrowaway(runDir, Date.now());
    const isDead = isKnown ? isFree(join(runDir, 'lock')) : isUnused(boxDir, runId);
    if (isDead) lost.push({ ...run, isKnown });
  }
  return lost;
}

/** Whether nobody holds a box of the run: neither its core nor anything that it had started. */
export function isUnused(boxDir: string, runId: string): boolean {
  return findOldBoxes(boxDir, [runId]).every(({ path }) => isFree(path));
}

/** The same runs, the newest first. Runs with an unknown start come last. */
export function newestFirst(boxDir: string, runIds: readonly string[]): string[] {
  const beganMs = new Map(runIds.map((runId) => [runId, readTime(markOf(boxDir, runId))]));
  const timeOf = (runId: string) => beganMs.get(runId) ?? 0;
  return [...beganMs.keys()].sort((a, b) => timeOf(b) - timeOf(a));
}

/** @returns when it was made, in milliseconds since the epoch; 0: there is none */
function readTime(mark: string): number {
  return lstatSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function markOf(boxDir: string, runId: string, kind: 'state' | Waiting | null = null): string {
  return join(boxDir, `mesibo-modules-${runId}${kind === null ? '' : `.${kind}`}`);
}

function makeLink(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch {
    return;
  }
}

/** @returns `null`: there is none of this user */
function readOwnLink(path: string): string | null {
  try {
    const info = lstatSync(path);
    return info.isSymbolicLink() && info.uid === process.geteuid?.() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}

function listMarks(boxDir: string): RunPlaces[] {
  const runs: RunPlaces[] = [];
  try {
    for (const name of readdirSync(boxDir)) {
      const runId = /^mesibo-modules-([0-9a-f]{16})$/.exec(name)?.[1];
      if (!runId) continue;
      const runDir = readOwnLink(join(boxDir, name));
      if (runDir !== null) runs.push({ runId, runDir, stateDir: readOwnLink(markOf(boxDir, runId, 'state')) });
    }
  } catch {
    // Another core may be removing its own; the next start looks again.
  }
  return runs;
}

function readRunIds(runDir: string): string[] {
  return parseLock(readLockText(join(runDir, 'lock'))).runIds;
}

/** A box stays locked while its core or a process that has mapped it lives; a lock while its core lives. */
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
