/** Looks whether a socket can be given to a group on this machine. */

import { findGroup, mayGiveTo } from '../groups.js';

/** What speaks against a group. */
export interface GroupProblem {
  /** `unknown`: the system has none. `foreign`: this user may not give anything to it; another one may. */
  kind: 'unknown' | 'foreign';
  /** Goes on behind the name. */
  text: string;
}

/** Says what is wrong with a group; `null` when nothing speaks against it. */
export function findGroupProblem(group: string): GroupProblem | null {
  try {
    const gid = findGroup(group);
    if (gid === null) return { kind: 'unknown', text: 'which is not a group of this system' };
    return mayGiveTo(gid) ? null : { kind: 'foreign', text: 'and this user is not a member of it' };
  } catch (error) {
    return { kind: 'unknown', text: `but ${(error as Error).message}` };
  }
}
