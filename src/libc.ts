/** The few calls of the C library that Node does not offer. */

import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EWOULDBLOCK = 11;

let flock: ((fd: number, operation: number) => number) | undefined;

/**
 * Takes an exclusive lock on an open file, without waiting; the kernel drops it with the last descriptor of that
 * opening, however its holder ends.
 *
 * @returns `false` when another opening of the file holds a lock.
 * @throws Error when the system refuses for any other reason, as for a descriptor that is not open.
 * @see flock(2)
 */
export function flockExclusive(fd: number): boolean {
  flock ??= koffi.load('libc.so.6').func('int flock(int fd, int operation)') as (
    fd: number,
    operation: number,
  ) => number;
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = koffi.errno();
  if (errno === EWOULDBLOCK) return false;
  throw new Error(`flock failed with errno ${errno}`);
}

let fallocate: ((fd: number, offset: number, length: number) => number) | undefined;

/**
 * Gives a file its blocks now, so that writing to it later cannot fail for want of room.
 *
 * @returns 0, or the errno: `ENOSPC` when there is no room.
 * @see posix_fallocate(3)
 */
export function allocateFile(fd: number, bytes: number): number {
  fallocate ??= koffi.load('libc.so.6').func('int posix_fallocate(int fd, int64_t offset, int64_t length)') as (
    fd: number,
    offset: number,
    length: number,
  ) => number;
  let errno = fallocate(fd, 0, bytes);
  while (errno === EINTR) errno = fallocate(fd, 0, bytes);
  return errno;
}
