/** Users of the system, by the name or the number that an operator writes. */

import koffi from 'koffi';

/** A user, as the system knows it. */
export interface Account {
  /** `null`: the system has no user of that number. */
  name: string | null;
  uid: number;
  gid: number;
  home: string | null;
  shell: string | null;
}

interface Entry {
  pw_name: string;
  pw_uid: number;
  pw_gid: number;
  pw_dir: string;
  pw_shell: string;
}

let database: { byName: (name: string) => Entry | null; byNumber: (uid: number) => Entry | null } | undefined;

/**
 * Looks a user up. A number that the system does not know is a user too, with a group of the same number.
 *
 * @param written - a name or a number
 * @returns `null`: the system knows no user of that name
 * @see getpwnam(3)
 */
export function findUser(written: string): Account | null {
  database ??= openDatabase();
  const isNumber = /^\d{1,10}$/.test(written);
  const entry = isNumber ? database.byNumber(Number(written)) : database.byName(written);
  if (entry !== null) {
    return { name: entry.pw_name, uid: entry.pw_uid, gid: entry.pw_gid, home: entry.pw_dir, shell: entry.pw_shell };
  }
  // The last two numbers mean "no change" to the system.
  const isUsable = isNumber && Number(written) < 0xffff_fffe;
  return isUsable ? { name: null, uid: Number(written), gid: Number(written), home: null, shell: null } : null;
}

function openDatabase(): typeof database & {} {
  const libc = koffi.load('libc.so.6');
  const entry = koffi.struct({
    pw_name: 'char *',
    pw_passwd: 'char *',
    pw_uid: 'uint32_t',
    pw_gid: 'uint32_t',
    pw_gecos: 'char *',
    pw_dir: 'char *',
    pw_shell: 'char *',
  });
  const byName = libc.func('void *getpwnam(const char *name)');
  const byNumber = libc.func('void *getpwuid(uint32_t uid)');
  const read = (found: unknown): Entry | null => (found === null ? null : (koffi.decode(found, entry) as Entry));
  return { byName: (name) => read(byName(name)), byNumber: (uid) => read(byNumber(uid)) };
}

let getxattr: ((path: string, name: string, value: Buffer, bytes: number) => number) | undefined;

/**
 * An extended attribute of a file, as text; `null`: it has none of that name.
 *
 * @see getxattr(2)
 */
export function readAttribute(path: string, name: string): string | null {
  getxattr ??= koffi
    .load('libc.so.6')
    .func('intptr_t getxattr(const char *path, const char *name, void *value, size_t bytes)') as typeof getxattr & {};
  const value = Buffer.alloc(256);
  const length = Number(getxattr(path, name, value, value.length));
  return length < 0 ? null : value.toString('latin1', 0, length).replace(/\0+$/, '');
}
