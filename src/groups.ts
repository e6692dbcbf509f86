/** Groups of the system, by the name or the number that an operator writes. */

import koffi from 'koffi';

/** `ERANGE` of getgrnam_r(3): the group has more members than the buffer holds. */
const ERANGE = 34;
/** What getgrnam_r may return where there is no such group, beside 0: `ENOENT` and `ESRCH`. */
const ABSENT = [0, 2, 3];
const BUFFER_BYTES = { least: 4096, most: 16 * 1024 * 1024 };

let lookUp: ((name: string, group: Buffer, buffer: Buffer, bytes: number, result: Buffer) => number) | undefined;

/**
 * The number of a group.
 *
 * @param written - its name, or its number, which need not be known to the system
 * @returns `null`: the system knows no group of that name
 * @throws Error when the system cannot be asked
 * @see getgrnam_r(3)
 */
export function findGroup(written: string): number | null {
  if (/^\d+$/.test(written)) return Number(written);
  lookUp ??= koffi
    .load('libc.so.6')
    .func(
      'int getgrnam_r(const char *name, void *group, void *buffer, size_t bytes, void *result)',
    ) as typeof lookUp & {};
  const pointerBytes = koffi.sizeof('void *');
  // Name, password, number, members.
  const [group, result] = [Buffer.alloc(4 * pointerBytes), Buffer.alloc(pointerBytes)];
  for (let bytes = BUFFER_BYTES.least; ; bytes *= 4) {
    const errno = lookUp(written, group, Buffer.alloc(bytes), bytes, result);
    if (errno === ERANGE && bytes < BUFFER_BYTES.most) continue;
    if (result.some((byte) => byte !== 0)) return group.readUInt32LE(2 * pointerBytes);
    if (ABSENT.includes(errno)) return null;
    throw new Error(`the group ${written} cannot be looked up (errno ${errno})`);
  }
}

/** Whether this process may give its files to a group, as far as its user tells. */
export function mayGiveTo(gid: number): boolean {
  return process.geteuid?.() === 0 || (process.getgroups?.() ?? []).includes(gid);
}

let getxattr: ((path: string, name: string, value: null, bytes: number) => number) | undefined;

/**
 * Whether a file has an access control list: then its mode does not tell which groups may use it.
 *
 * @see acl(5)
 */
export function hasAccessList(path: string): boolean {
  getxattr ??= koffi
    .load('libc.so.6')
    .func('intptr_t getxattr(const char *path, const char *name, void *value, size_t bytes)') as typeof getxattr & {};
  return getxattr(path, 'system.posix_acl_access', null, 0) > 0;
}
