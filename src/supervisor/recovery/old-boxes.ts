/** The black boxes that killed cores left. They hold what hosts did and no core has handed on. Nothing in them is trusted. */

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  BOX,
  type BoxHeader,
  isReachable,
  readHeader,
  readRing,
  readVersion,
  ringOfBox,
} from '../../wire/black-box.js';
import type { Log } from '../../wire/codec.js';
import { readOrigin } from '../../wire/origin.js';
import type { SentRecord } from '../calls/sent-record.js';
import { type BoxName, parseBoxName } from '../runner/local/black-box/box-file.js';
import { HandedOnNotes } from '../runner/local/black-box/handed-on.js';

/** More than a configuration may ask for. */
const MAX_RING_BYTES = 1024 * 1024 * 1024;
const PAGE_BYTES = 4096;

/** A black box that has lost its core. */
export interface OldBox extends BoxName {
  path: string;
}

/** One in which there may be something. */
export interface ModuleBox extends OldBox {
  module: string;
}

/** Whether a module had it: nobody has written to that of a spare host. */
export function isOfModule(box: OldBox): box is ModuleBox {
  return box.module !== null;
}

/** A message that was sent, or a line that was logged. Nobody waits for verdicts any more. */
export interface OldEntry {
  sent?: SentRecord;
  log?: Log;
}

/** What stands in it. */
export interface OldContent {
  /** In the order in which the module did it; messages that were handed on already are left out. */
  entries: OldEntry[];
  /** Kept up to date while the entries are handed on, because this core may be killed as well. */
  notes: HandedOnNotes;
  close(): void;
}

/** Somebody else made it, or it is not a file. */
export class ForeignBoxError extends Error {}

/** Finds the boxes of these runs, those of a module in the order of its generations. */
export function findOldBoxes(directory: string, runIds: readonly string[]): OldBox[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return []; // where boxes cannot be made either
  }
  const boxes: OldBox[] = [];
  for (const name of names) {
    const box = parseBoxName(name);
    if (box && runIds.includes(box.runId)) boxes.push({ ...box, path: join(directory, name) });
  }
  // The newest run id comes first, and its core was the last.
  const age = ({ runId }: OldBox) => -runIds.indexOf(runId);
  return boxes.sort((a, b) => age(a) - age(b) || a.generation - b.generation);
}

/**
 * Opens one.
 *
 * @throws Error that says why it cannot be read
 */
export function openOldBox(path: string): OldContent {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const notes = new HandedOnNotes(fd);
    return { entries: readEntries(fd, notes), notes, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Whether it may hold something that was sent and not handed on; so may one that cannot be read now. */
export function mayHoldSends({ path, isShadow }: OldBox): boolean {
  if (isShadow) return false;
  try {
    const content = openOldBox(path);
    content.close();
    return content.entries.some(({ sent }) => sent !== undefined);
  } catch (error) {
    return !isNobodys(error);
  }
}

/** Whether an error of {@link openOldBox} says that there is no box, so that nothing can be lost with it. */
export function isNobodys(error: unknown): boolean {
  return error instanceof ForeignBoxError || ['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Removes one; somebody else may have done that. */
export function removeOldBox(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}

function readEntries(fd: number, notes: HandedOnNotes): OldEntry[] {
  const info = fstatSync(fd);
  const ringSize = ringOfBox(info.size);
  // In a directory that everybody may write to, anybody may have made it.
  if (!info.isFile() || info.uid !== process.geteuid?.()) throw new ForeignBoxError('it is not a file of this user');
  if (isBlank(fd)) return [];
  if (ringSize <= 0 || ringSize > MAX_RING_BYTES || !Number.isInteger(ringSize))
    throw new Error(`it has ${info.size} bytes`);
  const header = readHeader(fd);
  if (!header) throw new Error(describeHeader(readVersion(fd)));
  const start = findStart(header, ringSize);
  if (!start) throw new Error('the positions in its header are impossible');
  const entries: OldEntry[] = [];
  let toSkip = start.sends;
  readRing(fd, ringSize, start.position, header.head, {
    result: () => {},
    sent: (params, payload, position, _during, origin) => {
      if (toSkip > 0) toSkip -= 1;
      // A box of an older version has none: then only its core knew.
      else entries.push({ sent: { params, payload, position, cause: origin === null ? null : readOrigin(origin) } });
    },
    log: (level, text) => entries.push({ log: { level, text } }),
  });
  notes.begin(start.position, start.sends);
  return entries;
}

/** Whether its core was killed while it made it: no host had it yet. */
function isBlank(fd: number): boolean {
  return [0, BOX.ringOffset].every((at) => {
    const page = Buffer.alloc(PAGE_BYTES);
    readSync(fd, page, 0, PAGE_BYTES, at);
    return page.every((byte) => byte === 0);
  });
}

function describeHeader(version: number | null): string {
  if (version === null || version === BOX.version) return 'its header was overwritten';
  return `its layout has version ${version}, and this core reads version ${BOX.version}: a core of another version was killed`;
}

/**
 * Where to go on.
 *
 * @returns a position, and how many messages after it were handed on already; `null`: the header is impossible
 */
export function findStart(
  { head, tail, handedOn }: Pick<BoxHeader, 'head' | 'tail' | 'handedOn'>,
  ringSize: number,
): BoxHeader['handedOn'] | null {
  if (handedOn.position >= tail && isReachable(head, handedOn.position, ringSize)) return handedOn;
  return isReachable(head, tail, ringSize) ? { position: tail, sends: 0 } : null;
}
