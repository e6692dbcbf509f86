/** What of a host cannot be changed once its process runs: pure. */

/** A process of one profile can become the host of every module that has the same. */
export interface LaunchProfile {
  /** Equal where the profiles are. */
  key: string;
  /** The variables that a process of this profile is started with, beside its marks. */
  environment: Readonly<Record<string, string>>;
  /** The directory that it is started in; `null`: any. */
  directory: string | null;
  room: Room;
  /** What it inherits, as when the profile was found. */
  inherited: string;
}

/** How much environment a process can be given later. */
export interface Room {
  variables: number;
  bytes: number;
}

/** What a start is known by beforehand. */
export interface Launch {
  /** As a process would be started with it for the module alone, without marks. */
  environment: Readonly<Record<string, string>>;
  directory: string;
  /** What every process inherits from this one. */
  inherited: string;
  /** Whether the system loads a library into every process. */
  preloads: boolean;
}

/**
 * Variables that are read only when a process starts: by the dynamic linker, the C library (memory, messages), sanitizers,
 * Node, V8, ICU, OpenSSL and libuv. A variable that is also read later may be in this list.
 */
const READ_AT_START =
  /^(?:LD_|GLIBC_TUNABLES$|MESIBO_GIVEN_TUNABLES$|MALLOC_|LIBC_|GCONV_PATH$|LOCPATH$|NLSPATH$|LANG$|LANGUAGE$|LC_|TZ$|TZDIR$|[A-Z]*SAN_OPTIONS$|NODE_|UV_|V8_|ICU_|OPENSSL_|SSL_CERT_|SSLKEYLOGFILE$|NO_COLOR$|FORCE_COLOR$)/;
/** Code that is loaded first may read anything. */
const LOADS_FIRST = ['LD_PRELOAD', 'LD_AUDIT', 'NODE_OPTIONS', 'OPENSSL_CONF'];
/** Lists of paths, of which the relative ones are looked up from the directory of the start. */
const PATHS = /^LD_(?:LIBRARY_PATH|PRELOAD|AUDIT|ORIGIN_PATH)$/;
const SEPARATORS = /[:; ]/;

const LEAST: Room = { variables: 64, bytes: 8 * 1024 };
/** Beyond this a process is started for its module alone. */
const MOST: Room = { variables: 4096, bytes: 512 * 1024 };
/** For the marks, which are not known yet. */
const MARKS: Room = { variables: 3, bytes: 512 };

/** The profile of a start; `null`: no other process can do for it. */
export function profileOf({ environment, directory, inherited, preloads }: Launch): LaunchProfile | null {
  const room = roomFor(environment);
  if (room === null) return null;
  const isWhole = preloads || LOADS_FIRST.some((name) => environment[name] !== undefined);
  const entries = Object.entries(environment).filter(([name]) => isWhole || READ_AT_START.test(name));
  const isPlaced = isWhole || entries.some(([name, value]) => PATHS.test(name) && hasRelative(value));
  const profile = { environment: Object.fromEntries(entries), directory: isPlaced ? directory : null, room, inherited };
  // In their order: a preloaded library may mind it, and else they come in the order of the core's own.
  return { key: JSON.stringify([entries, profile.directory, room, inherited]), ...profile };
}

function hasRelative(paths: string): boolean {
  return paths.split(SEPARATORS).some((path) => !path.startsWith('/'));
}

function roomFor(environment: Readonly<Record<string, string>>): Room | null {
  const entries = Object.entries(environment);
  let bytes = MARKS.bytes;
  for (const [name, value] of entries) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  const room = {
    variables: roundUp(entries.length + MARKS.variables, LEAST.variables),
    bytes: roundUp(bytes, LEAST.bytes),
  };
  return room.variables > MOST.variables || room.bytes > MOST.bytes ? null : room;
}

/** To `least` times a power of two: so nearly all modules need the same. */
function roundUp(count: number, least: number): number {
  return least * 2 ** Math.max(0, Math.ceil(Math.log2(count / least)));
}

/** The kernel's auxiliary vector, which the host moves there as well, in pointers: two for each entry. */
const VECTOR_SLOTS = 128;
/** Linux takes no longer variable than 128 KiB. */
const FILLER_BYTES = 64 * 1024;

/**
 * The variables that make room for others: the host looks for their name.
 *
 * @see src/host-runner/native/environment.c
 */
export function fillersFor(room: Room): Record<string, string> {
  const fillers: Record<string, string> = {};
  let left = room.bytes;
  for (let i = 0; i < room.variables + VECTOR_SLOTS; i++) {
    const length = Math.min(left, FILLER_BYTES);
    fillers[`MESIBO_ROOM_${i}`] = 'x'.repeat(length);
    left -= length;
  }
  return fillers;
}
