/** Finds the file that has the debug information of another, where it was split off. */

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Elf } from './elf.js';

/** Where distributions install them. */
const GLOBAL = '/usr/lib/debug';
const MAX_LINK_BYTES = 4096;

/** What was found. */
export interface DebugFile {
  /** Open; `null`: there is none. */
  elf: Elf | null;
  /** One that is there but belongs to another build; `null`: there is none. */
  wrong: string | null;
}

/**
 * Looks by build id, then by the name in `.gnu_debuglink`: beside the file, in `.debug` beside it, and below the global folder.
 * Only a file with the same build id counts.
 */
export async function findDebugFile(elf: Elf, globalFolder: string = GLOBAL): Promise<DebugFile> {
  const { buildId } = elf;
  let wrong: string | null = null;
  // Nothing else tells a debug file of this build from one of another.
  if (buildId === null) return { elf: null, wrong };
  for (const path of await placesOf(elf, buildId, globalFolder)) {
    const found = path === elf.path ? null : await Elf.open(path);
    if (found === null) continue;
    if (found.buildId === buildId && found.reader.identity !== elf.reader.identity) return { elf: found, wrong };
    if (found.buildId !== buildId) wrong ??= path;
    await found.close();
  }
  return { elf: null, wrong };
}

async function placesOf(elf: Elf, buildId: string, globalFolder: string): Promise<string[]> {
  const byId = join(globalFolder, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
  const name = await readLink(elf);
  if (name === null) return [byId];
  const folder = dirname(await realpath(elf.path).catch(() => elf.path));
  return [byId, join(folder, name), join(folder, '.debug', name), join(globalFolder, folder, name)];
}

async function readLink(elf: Elf): Promise<string | null> {
  const section = elf.section('.gnu_debuglink');
  if (section === null) return null;
  const name = await elf.reader.text(section.offset, Math.min(section.size, MAX_LINK_BYTES));
  // A name that leads elsewhere is not followed.
  return name === '' || name === '.' || name === '..' || basename(name) !== name ? null : name;
}
