/** What is wrong with a store, in words. */

import { counted } from '../../counted.js';
import { SupervisorError } from '../../errors.js';

const REMEDIES: readonly [RegExp, string][] = [
  [/No space left|quota/i, 'make room on that disk'],
  [/Read-only|Permission denied|Operation not permitted|EACCES|EROFS|EPERM/, 'let the user of the core write there'],
  [/already held|lock /, 'end the other process that has it open'],
  [/Too many open files|EMFILE|ENFILE/, 'let the core open more files'],
  [/classic-level/, 'install mesibo-modules again on this machine'],
];

/** It cannot be used for now. */
export function describeTrouble(folder: string, why: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(why))?.[1] ?? 'see what is wrong with that folder';
  const what = `messages of modules cannot be stored in ${folder} (${why}); they wait in memory and are lost if the core ends`;
  return new SupervisorError('STORE_UNUSABLE', what, { remedy }).message;
}

/**
 * It was put aside.
 *
 * @param read so many messages of it; `null`: all that waits is in memory
 */
export function describeLoss(folder: string, why: string, aside: string | null, read: number | null): string {
  const where = aside === null ? '' : ` and was renamed to ${aside}`;
  const wait = read === null ? null : `${counted(read, 'message')} that waited in it could be read`;
  const rest =
    wait === null ? 'the messages that wait are in memory and go to a new store' : `${wait}; any others are lost`;
  return `the store ${folder} ${why}${where}; ${rest}`;
}
