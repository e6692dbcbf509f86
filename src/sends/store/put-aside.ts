/** Stores that cannot be used any more: they get another name, and stay. */

import { existsSync, renameSync } from 'node:fs';

/** Why a store cannot be used any more. */
export type Unfitness = 'damaged' | 'newer' | 'foreign';

/** Renames what stands there. @returns its new path @throws the error of the system */
export function putAside(path: string, why: Unfitness, wallMs: number): string {
  const stamp = new Date(wallMs).toISOString().replace(/\.\d+|[-:]/g, '');
  let aside = `${path}.${why}-${stamp}`;
  for (let i = 2; existsSync(aside); i++) aside = `${path}.${why}-${stamp}-${i}`;
  renameSync(path, aside);
  return aside;
}
