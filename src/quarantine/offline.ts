/** The quarantine of a core that does not run, from its state directory. */

import { listTables, readTable, reasonOf } from './file.js';
import { Quarantine } from './quarantine.js';

/** What could be read, and a line on each file that could not. */
export interface KeptQuarantine {
  quarantine: Quarantine;
  problems: string[];
}

/**
 * Reads everything. Which build a module would run is not known, so none is shown as lifted. Nothing is written or moved until a
 * message is released.
 */
export function readQuarantine(stateDir: string): KeptQuarantine {
  const problems: string[] = [];
  const quarantine = new Quarantine({ stateDir, buildOf: () => null, warn: (text) => problems.push(text) });
  for (const module of namesIn(stateDir, problems)) {
    try {
      const kept = readTable(stateDir, module);
      if (kept !== null) quarantine.adopt(module, kept);
    } catch (error) {
      problems.push(`the quarantine of module ${module} cannot be read (${reasonOf(error)})${remedyOf(error)}`);
    }
  }
  return { quarantine, problems };
}

function namesIn(stateDir: string, problems: string[]): string[] {
  try {
    return listTables(stateDir);
  } catch (error) {
    problems.push(`the quarantine in ${stateDir} cannot be read (${reasonOf(error)})${remedyOf(error)}`);
    return [];
  }
}

function remedyOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return '; be the user who started the core';
  return code === undefined ? '; the core puts a damaged file aside when it starts' : '';
}
