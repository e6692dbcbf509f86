/** Where this process may make control groups below which hosts run. */

import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOrEmpty } from '../../../../or-empty.js';
import { readAncestors } from '../../../../proc.js';
import { readAttribute } from '../../../../users.js';
import { type Controller, findHierarchies, type GroupPlace } from './hierarchies.js';

/** Where groups may be made for a controller; a text: why nowhere. */
export type Delegated = Record<Controller, GroupPlace | string>;

/** Own group of a core, beside those of its hosts. */
const CORE_GROUP = 'mesibo-modules-core';
const MAX_MOVES = 10;

/** Looks where groups may be made. It makes nothing. */
export function findDelegated(): Delegated {
  const { memory, pids, unified } = findHierarchies(
    readOrEmpty('/proc/self/cgroup'),
    readOrEmpty('/proc/self/mountinfo'),
  );
  return { memory: choose('memory', memory, unified), pids: choose('pids', pids, unified) };
}

function choose(controller: Controller, first: GroupPlace | null, unified: GroupPlace | null): GroupPlace | string {
  if (first !== null)
    return mayMakeIn(first.directory) ? first : `its control group ${first.directory} takes no others`;
  if (unified === null) return 'control groups are not mounted';
  const { directory } = unified;
  if (!listOf(join(directory, 'cgroup.controllers')).includes(controller)) {
    return `its control group ${directory} has no ${controller} controller`;
  }
  for (const place of [directory, dirname(directory)]) {
    const isThere = place.startsWith(unified.mount) && listOf(join(place, 'cgroup.controllers')).includes(controller);
    if (!isThere || !mayMakeIn(place)) continue;
    const isOn = listOf(join(place, 'cgroup.subtree_control')).includes(controller);
    if (isOn && (place === unified.mount || isDelegated(place))) return { ...unified, directory: place };
    if (isDelegated(place) && (place !== directory || strangersIn(place).length === 0)) {
      return { ...unified, directory: place };
    }
  }
  return `its control group ${directory} is not delegated to it`;
}

/**
 * Makes a place ready for groups. In version 2 a group that has others cannot have processes, so this process moves into one
 * below it.
 *
 * @throws an error of the system
 */
export function prepare({ version, directory }: GroupPlace, controllers: readonly Controller[]): void {
  if (version === 1) return;
  const control = join(directory, 'cgroup.subtree_control');
  const missing = controllers.filter((controller) => !listOf(control).includes(controller));
  if (missing.length === 0) return;
  const order = missing.map((controller) => `+${controller}`).join(' ');
  for (let moves = 0; ; moves++) {
    const members = listOf(join(directory, 'cgroup.procs'));
    if (members.length > 0) moveInto(join(directory, CORE_GROUP), members);
    try {
      writeFileSync(control, order);
      return;
    } catch (error) {
      // A process was forked meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || moves >= MAX_MOVES) throw error;
    }
  }
}

function moveInto(group: string, members: readonly string[]): void {
  if (!existsSync(group)) mkdirSync(group);
  for (const pid of members) {
    try {
      writeFileSync(join(group, 'cgroup.procs'), pid);
    } catch (error) {
      // It has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Processes of a group that this process has not started. */
function strangersIn(directory: string): number[] {
  const members = listOf(join(directory, 'cgroup.procs')).map(Number);
  return members.filter((pid) => pid !== process.pid && !readAncestors(pid).includes(process.pid));
}

function mayMakeIn(directory: string): boolean {
  try {
    for (const path of [directory, join(directory, 'cgroup.procs')]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether who manages the groups of this machine has given one away: it belongs to this user, or is marked. Where nobody manages
 * them, as in a container, root may do as it likes.
 */
function isDelegated(directory: string): boolean {
  const uid = process.geteuid?.() ?? 0;
  if (uid !== 0) return statSync(directory).uid === uid;
  if (!existsSync('/run/systemd/system')) return true;
  return ['trusted.delegate', 'user.delegate'].some((name) => readAttribute(directory, name) === '1');
}

function listOf(file: string): string[] {
  return readOrEmpty(file).split(/\s+/).filter(Boolean);
}
