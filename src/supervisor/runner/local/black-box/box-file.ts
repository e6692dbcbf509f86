/**
 * The memory file behind a black box. It has a name as long as its host lives, so that the next core finds what the host did if
 * this core is killed.
 */

import { closeSync, ftruncateSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { SupervisorError } from '../../../../errors.js';
import { allocateFile, flockExclusive } from '../../../../libc.js';
import {
  BOX,
  type BoxHeader,
  boxBytes,
  formatHeader,
  readHeader,
  readRing,
  ringBytes,
} from '../../../../wire/black-box.js';
import { type CrashNote, readCrashNote } from '../../../../wire/crash-note.js';
import type { RecordSink } from '../../../../wire/records.js';
import type { Evidence } from '../../evidence.js';
import { HandedOnNotes } from './handed-on.js';
import { PayloadArea } from './payload-area.js';

/** Whose black box it is; its file is named after that. */
export interface BoxName {
  runId: string;
  /** `null`: it belongs to a spare host and is empty. */
  module: string | null;
  /** Of a spare host, a number that tells it from others. */
  generation: number;
  /** Its module is a shadow: what that sent goes nowhere, also when the core was killed. */
  isShadow?: true;
}

/**
 * Boxes for which room stays free of payloads and spares: a host may replace another while both run, and a third may be
 * starting.
 */
export const BOXES_KEPT_FREE = 2;

/** An open black box, as the core reads it. */
export class BoxFile implements Evidence {
  readonly fd: number;
  /** As the core made it, whatever the header says later. */
  readonly ringSize: number;
  /** Where the core notes how far it has come. */
  readonly notes: HandedOnNotes;
  readonly payloads: PayloadArea;
  #path: string;

  constructor(path: string, fd: number, ringSize: number) {
    this.#path = path;
    this.fd = fd;
    this.ringSize = ringSize;
    this.notes = new HandedOnNotes(fd);
    const offset = BOX.ringOffset + ringSize;
    const reserveBytes = BOXES_KEPT_FREE * offset;
    this.payloads = new PayloadArea({ fd, offset, size: ringSize, directory: dirname(path), reserveBytes });
  }

  /** The header as it is now; `null` when it no longer is one. */
  readHeader(): BoxHeader | null {
    return readHeader(this.fd);
  }

  /** What the process noted of its own end. */
  readCrashNote(): CrashNote | 'none' | 'ready' {
    return readCrashNote(this.fd);
  }

  /** Reads what stands in the ring between two positions; returns how many bytes belong to no record. */
  readRing(from: number, head: number, sink: RecordSink): number {
    return readRing(this.fd, this.ringSize, from, head, sink);
  }

  /**
   * Makes the box of a spare host that of a generation.
   *
   * @throws an error of the system when its file has gone, or that of the generation is there
   */
  giveTo(name: BoxName): void {
    const path = join(dirname(this.#path), formatBoxName(name));
    // A rename would put it in the place of another.
    linkSync(this.#path, path);
    removeFile(this.#path);
    this.#path = path;
    const generation = Buffer.alloc(4);
    generation.writeUInt32LE(name.generation);
    writeSync(this.fd, generation, 0, 4, BOX.generation);
  }

  /** Notes that the SIGTERM which follows is the core's own, and to be obeyed. */
  askEnd(): void {
    writeSync(this.fd, Buffer.from([1, 0, 0, 0]), 0, 4, BOX.endAsked);
  }

  closeSends(areClosed: boolean): void {
    writeSync(this.fd, Buffer.from([areClosed ? 1 : 0, 0, 0, 0, 0, 0, 0, 0]), 0, 8, BOX.sendsClosed);
  }

  /** Gives the memory back early: its content is not needed, and the process that still writes to it is being killed. */
  discard(): void {
    ftruncateSync(this.fd);
  }

  /** Gives name and memory back, once the host is gone too. */
  close(): void {
    this.leave();
    removeFile(this.#path);
  }

  /** Is done with it, and leaves it to the next core. */
  leave(): void {
    this.payloads.close();
    closeSync(this.fd);
  }
}

/** No module can be called so. */
const SPARE = '+';

/** Behind the generation of a shadow. It stands in the name because a module can write anything into its box. */
const SHADOW = '~';

/** The name of a black box in its directory. */
export function formatBoxName({ runId, module, generation, isShadow }: BoxName): string {
  return `mesibo-modules-${runId}-${module ?? SPARE}-${generation}${isShadow ? SHADOW : ''}`;
}

/** Reads the name of a file; `null` when it is not that of a black box. */
export function parseBoxName(name: string): BoxName | null {
  const parts = /^mesibo-modules-([0-9a-f]{16})-(\w+|\+)-(\d{1,10})(~?)$/.exec(name) ?? [];
  const [, runId, module, generation, shadow] = parts;
  if (!runId || !module) return null;
  const box = { runId, module: module === SPARE ? null : module, generation: Number(generation) };
  return shadow === SHADOW ? { ...box, isShadow: true } : box;
}

/**
 * Makes the black box of one generation and reserves all its memory.
 *
 * @throws {SupervisorError} `BLACK_BOX_UNAVAILABLE` without enough memory. If memory were not reserved now, a full file system
 * would cause SIGBUS later.
 */
export function makeBox(directory: string, name: BoxName, bytes: number): BoxFile {
  const path = join(directory, formatBoxName(name));
  const ringSize = ringBytes(bytes);
  let fd: number;
  try {
    fd = openSync(path, 'wx+', 0o600);
  } catch (cause) {
    throw unavailable(openProblem(path, directory, (cause as NodeJS.ErrnoException).code), cause);
  }
  try {
    // Shared with the host, which maps the file: held until both are gone, however they end.
    flockExclusive(fd);
    fill(fd, directory, name.generation, bytes, ringSize);
    return new BoxFile(path, fd, ringSize);
  } catch (error) {
    closeSync(fd);
    removeFile(path);
    throw error instanceof SupervisorError ? error : unavailable(String(error), error);
  }
}

function openProblem(path: string, directory: string, code: string | undefined): string {
  // It may be another core's: that one would lose what its host does.
  if (code === 'EEXIST') return `${path} exists already; restart the core; it then gives its boxes new names`;
  return `no file can be made in ${directory} (${code})`;
}

function fill(fd: number, directory: string, generation: number, bytes: number, ringSize: number): void {
  const errno = allocateFile(fd, BOX.ringOffset + ringSize);
  if (errno === constants.errno.EFBIG) throw tooLarge(bytes);
  if (errno !== 0) {
    const full = errno === constants.errno.ENOSPC;
    const cause = full
      ? `${directory} has no room for ${bytes} bytes`
      : `${directory} refused ${bytes} bytes (errno ${errno})`;
    throw unavailable(`${cause}; free some, or lower black_box`);
  }
  try {
    // Payloads take their memory only when they come, and travel in frames where there is none.
    ftruncateSync(fd, boxBytes(ringSize));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EFBIG' ? tooLarge(bytes) : error;
  }
  writeSync(fd, formatHeader(generation, ringSize), 0, undefined, 0);
}

/** Somebody may have removed it, or the whole directory: then there is nothing to remove. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}

function tooLarge(bytes: number): SupervisorError {
  const limit = `no file may be as large as its ${2 * bytes} bytes`;
  return unavailable(`${limit}; raise the limit of file sizes (LimitFSIZE=, ulimit -f), or lower black_box`);
}

function unavailable(message: string, cause?: unknown): SupervisorError {
  return new SupervisorError('BLACK_BOX_UNAVAILABLE', `no memory for the black box: ${message}`, { cause });
}
