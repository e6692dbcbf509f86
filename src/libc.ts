/** The few calls of the C library that Node does not offer. */

import { closeSync } from 'node:fs';
import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EAGAIN = 11;

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
  if (errno === EAGAIN) return false;
  throw new Error(`flock failed with errno ${errno}`);
}

let fallocate: ((fd: number, offset: number, length: number) => number) | undefined;

/**
 * Gives a file its blocks now, so that a later write cannot fail because the disk is full.
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

let exit: ((code: number) => void) | undefined;

/**
 * Ends this process now. `process.exit` waits for threads, of which one may hang.
 *
 * @see _exit(2)
 */
export function exitAtOnce(code: number): void {
  exit ??= koffi.load('libc.so.6').func('void _exit(int status)') as typeof exit & {};
  exit(code);
}

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
let punch: ((fd: number, mode: number, offset: number, length: number) => number) | undefined;

/**
 * Gives back the memory or the blocks of a part of a file, which reads as zeros then. Where the system cannot do that,
 * nothing happens.
 *
 * @see FALLOC_FL_PUNCH_HOLE in fallocate(2)
 */
export function punchHole(fd: number, offset: number, length: number): void {
  punch ??= koffi
    .load('libc.so.6')
    .func('int fallocate(int fd, int mode, int64_t offset, int64_t length)') as typeof punch & {};
  punch(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

const FIOCLEX = 0x5451;
let ioctl: ((fd: number, request: number) => number) | undefined;

/**
 * Lets no program inherit a file descriptor. If it is no longer open, nothing happens.
 *
 * @see FIOCLEX in ioctl(2)
 */
export function closeOnExec(fd: number): void {
  ioctl ??= koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request)') as typeof ioctl & {};
  ioctl(fd, FIOCLEX);
}

const TIOCOUTQ = 0x5411;
let ioctlRead: ((fd: number, request: number, value: Int32Array) => number) | undefined;

/**
 * What was written to a socket and was not read yet at its other end. The system frees it in pieces of about 32 KiB, and counts
 * what it needs itself for them.
 *
 * @returns bytes; 0 where the system does not tell it
 * @see SIOCOUTQ in unix(7)
 */
export function unreadAtPeer(fd: number): number {
  ioctlRead ??= koffi
    .load('libc.so.6')
    .func('int ioctl(int fd, unsigned long request, int32_t *value)') as typeof ioctlRead & {};
  const value = new Int32Array(1);
  return ioctlRead(fd, TIOCOUTQ, value) === 0 ? (value[0] as number) : 0;
}

const F_OFD_GETLK = 36;
/** `struct flock`, and where its type stands. */
const FLOCK_BYTES = 32;
const F_WRLCK = 1;
const F_UNLCK = 2;
let fcntl: ((fd: number, command: number, lock: Buffer) => number) | undefined;

/**
 * Whether another opening of a file holds a lock of fcntl on any part of it.
 *
 * @see F_OFD_GETLK in fcntl(2)
 */
export function isLockedElsewhere(fd: number): boolean {
  fcntl ??= koffi.load('libc.so.6').func('int fcntl(int fd, int command, void *lock)') as typeof fcntl & {};
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(F_WRLCK, 0);
  return fcntl(fd, F_OFD_GETLK, lock) === 0 && lock.readInt16LE(0) !== F_UNLCK;
}

const PR_SET_CHILD_SUBREAPER = 36;
let prctl: ((option: number, a: number, b: number, c: number, d: number) => number) | undefined;

/**
 * Makes this process the new parent of what its descendants leave behind, or ends that.
 *
 * @throws Error when the system refuses.
 * @see PR_SET_CHILD_SUBREAPER in prctl(2)
 */
export function setSubreaper(on: boolean): void {
  prctl ??= koffi
    .load('libc.so.6')
    .func(
      'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
    ) as typeof prctl & {};
  if (prctl(PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0) !== 0) {
    throw new Error(`prctl(PR_SET_CHILD_SUBREAPER) failed with errno ${koffi.errno()}`);
  }
}

const PR_SET_NAME = 15;
let prctlText: ((option: number, text: string) => number) | undefined;

/**
 * Names this process for top, ps and pgrep; its arguments stay.
 *
 * @param name - the system keeps its first 15 bytes
 * @see PR_SET_NAME in prctl(2)
 */
export function nameProcess(name: string): void {
  prctlText ??= koffi.load('libc.so.6').func('int prctl(int option, const char *text)') as typeof prctlText & {};
  prctlText(PR_SET_NAME, name);
}

const WNOHANG = 1;
let waitpid: ((pid: number, status: null, options: number) => number) | undefined;

/**
 * Takes note of the end of one child, so that it does not stay a zombie. Its exit status is lost: never to be called
 * for a child that Node started, which Node itself waits for.
 *
 * @returns whether the child was a zombie, and is none any more.
 * @see waitpid(2)
 */
export function reapChild(pid: number): boolean {
  waitpid ??= koffi.load('libc.so.6').func('int waitpid(int pid, void *status, int options)') as typeof waitpid & {};
  return waitpid(pid, null, WNOHANG) === pid;
}

const RLIMIT_NOFILE = 7;
let getrlimit: ((resource: number, limits: BigUint64Array) => number) | undefined;

/**
 * How many file descriptors this process may have: the soft limit.
 *
 * @see getrlimit(2)
 */
export function readDescriptorLimit(): number {
  getrlimit ??= koffi.load('libc.so.6').func('int getrlimit(int resource, uint64_t *limits)') as typeof getrlimit & {};
  const limits = new BigUint64Array(2);
  return getrlimit(RLIMIT_NOFILE, limits) === 0 ? Number(limits[0]) : Number.POSITIVE_INFINITY;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** `sun_path`. */
const SUN_PATH_BYTES = 108;

const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

let streams: Record<'socket' | 'connect' | 'getsockopt', (...args: unknown[]) => number> | undefined;

function openStreams(): typeof streams & {} {
  const libc = koffi.load('libc.so.6');
  streams ??= {
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    connect: libc.func('int connect(int fd, const void *address, uint32_t size)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *size)'),
  };
  return streams;
}

/**
 * The process at the other end of a unix socket: the one that connected, or that listens.
 *
 * @returns its pid; 0 where the system does not tell it
 * @see SO_PEERCRED in unix(7)
 */
export function peerOf(fd: number): number {
  const [credentials, size] = [Buffer.alloc(12), Buffer.from(Uint32Array.of(12).buffer)];
  const isTold = openStreams().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, size) === 0;
  return isTold ? credentials.readInt32LE(0) : 0;
}

/**
 * Who listens on a unix socket. It finds a connection that closes at once.
 *
 * @returns the pid, 0 where the system does not tell it; `null`: nobody listens, or nobody that may be asked
 * @see SO_PEERCRED in unix(7)
 */
export function listenerOf(path: string): number | null {
  const name = Buffer.from(path);
  if (name.length >= SUN_PATH_BYTES) return null;
  const { socket, connect } = openStreams();
  const fd = socket(AF_UNIX, SOCK_STREAM_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return null;
  try {
    const address = Buffer.alloc(2 + SUN_PATH_BYTES);
    address.writeUInt16LE(AF_UNIX);
    name.copy(address, 2);
    // With so many connections waiting that no more may wait, somebody listens too.
    if (connect(fd, address, address.length) !== 0) return koffi.errno() === EAGAIN ? 0 : null;
    return peerOf(fd);
  } finally {
    closeSync(fd);
  }
}

let datagrams: { fd: number; sendto: (...args: unknown[]) => number } | undefined;

/**
 * Sends one datagram to a unix socket. It is lost if the socket does not take it at once. The first call makes the descriptor
 * for all later ones, so a process without free descriptors can still say that it lives.
 *
 * @param path - of the socket; one that begins with @ is in the abstract namespace
 * @see sd_notify(3)
 */
export function sendDatagram(path: string, text: string): void {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length >= SUN_PATH_BYTES) return;
  datagrams ??= openDatagrams();
  if (datagrams === undefined) return;
  const address = Buffer.concat([Buffer.alloc(2), name]);
  address.writeUInt16LE(AF_UNIX);
  const data = Buffer.from(text);
  datagrams.sendto(datagrams.fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, address, address.length);
}

function openDatagrams(): typeof datagrams {
  const libc = koffi.load('libc.so.6');
  const fd = libc.func('int socket(int domain, int type, int protocol)')(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const sendto = libc.func(
    'intptr_t sendto(int fd, const void *data, size_t len, int flags, const void *to, uint32_t size)',
  );
  return { fd, sendto };
}
