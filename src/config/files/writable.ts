/** Finds files that a core runs with the rights of root and that others can change. */

import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { findUser } from '../../users.js';
import type { ConfigWarning, CoreConfig, ModuleSpec, Position } from '../types.js';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** In such a folder only the owner of a file may replace it. */
const STICKY = 0o1000;

/** Who may write to something, as far as that matters. */
export type FileRights = Pick<Stats, 'uid' | 'gid' | 'mode'> & { isFolder: boolean };

/** Warns of each file of a module, and of the program of `on_event`; nothing for a core that is not root. */
export function findWritable(
  { modules, onEvent, file }: Pick<CoreConfig, 'modules' | 'onEvent' | 'file'>,
  onEventPosition: Position | undefined,
  uid = process.geteuid?.() ?? 0,
): ConfigWarning[] {
  if (uid !== 0) return [];
  const warnings = modules.flatMap((spec) => {
    const who = findWriter(spec.path, ownersOf(spec));
    if (who === null) return [];
    const position = spec.origins.path ?? spec.position;
    return [{ position, message: `module ${spec.name}: ${describe(spec.path, who, "the module's process")}` }];
  });
  const who = findWriter(onEvent, [0]);
  const position = onEventPosition ?? { file: file ?? '', line: 0, column: 0 };
  if (who !== null) warnings.push({ position, message: `on_event: ${describe(onEvent, who, 'the core')}` });
  return warnings;
}

/** Why somebody else than root may change a file, or what is on the way to it: pure. `null`: nobody may. */
export function describeWriter(path: string, { uid, gid, mode, isFolder }: FileRights, owners: readonly number[]) {
  const what = isFolder ? `its folder ${path}` : 'it';
  if (!owners.includes(uid)) return `${what} belongs to user ${uid}`;
  if (isFolder && (mode & STICKY) !== 0) return null;
  const octal = `mode 0${(mode & 0o7777).toString(8)}`;
  if ((mode & OTHERS_WRITE) !== 0) return `every user can write to ${what} (${octal})`;
  return (mode & GROUP_WRITES) !== 0 && gid !== 0 ? `group ${gid} can write to ${what} (${octal})` : null;
}

function describe(path: string | null, who: string, what: string): string {
  const remedy = 'let it belong to root, and let nobody else write to it and to the folders that it is in';
  return `${path} runs in ${what} with the rights that root gives it, and ${who}; ${remedy}`;
}

/** A user that the process of the module has anyway may own its file. */
function ownersOf({ sandbox }: ModuleSpec): number[] {
  const account = sandbox.user === null ? null : findUser(sandbox.user);
  return account === null ? [0] : [0, account.uid];
}

/** Looks at a file and at all folders that it is in, with every symbolic link resolved. */
function findWriter(path: string | null, owners: readonly number[]): string | null {
  if (path === null) return null;
  try {
    const real = realpathSync(path);
    const links = lstatSync(path).isSymbolicLink() ? [dirname(path)] : [];
    for (const at of [real, ...links, ...foldersOf(real)]) {
      const stats = lstatSync(at);
      const writer = describeWriter(at, { ...pick(stats), isFolder: stats.isDirectory() }, owners);
      if (writer !== null) return writer;
    }
  } catch {
    // It is not there: the start of the module says so.
  }
  return null;
}

function pick({ uid, gid, mode }: Stats): Omit<FileRights, 'isFolder'> {
  return { uid, gid, mode };
}

function foldersOf(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersOf(folder)];
}
