/** The CPU profiles that our rows write: one of the core and one of a host. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CpuProfile, summarizeProfile } from '../figures/profile-summary.js';
import type { Row } from '../run/rows.js';

/** Shown of each profile; the file has all. */
const FUNCTIONS = 20;

/** Where the profiles of a row go: a path without its ending. */
export function profilePath(folder: string, { name }: Row): string {
  return join(resolve(folder), name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
}

/** What the files say, those that were written. */
export function reportProfiles(folder: string, rows: readonly Row[]): string[] {
  return rows.flatMap((row) =>
    ['core', 'host'].flatMap((side) => {
      const file = `${profilePath(folder, row)}.${side}.cpuprofile`;
      if (!existsSync(file)) return [];
      const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
      return ['', `${row.name}: ${side} (${file})`, ...summarizeProfile(profile, FUNCTIONS)];
    }),
  );
}
