/** The frames of a note as they are before anything has looked for symbols. Pure. */

import { dirname } from 'node:path';
import type { StackFrame } from '../stacks/frame.js';
import { type CrashNote, findObject } from '../wire/crash-note.js';
import { hex } from './signals.js';

/** Tells the files that belong to a module from those of the system. */
export function ownedBy(file: string, original: string): (object: string) => boolean {
  const folders = new Set([file, original].map(dirname).filter((folder) => !isOfTheSystem(folder)));
  return (object) => object === file || object === original || folders.has(dirname(object));
}

/** Object and offset of each frame, innermost first. */
export function bareFrames(note: CrashNote, isOfModule: (object: string) => boolean): StackFrame[] {
  return note.frames.map((address) => {
    const object = findObject(note, address);
    return {
      address: hex(address),
      object: object?.path ?? null,
      buildId: object?.buildId ?? null,
      offset: object === null ? null : hex(BigInt.asUintN(64, address - object.base)),
      isOfModule: object !== null && isOfModule(object.path),
      function: null,
      functionOffset: null,
      source: null,
      line: null,
      isInlined: false,
    };
  });
}

/** A module may stand among libraries that it does not bring. */
function isOfTheSystem(folder: string): boolean {
  return /^(\/usr(\/local)?)?\/lib(32|64|x32)?(\/[^/]+-linux-[^/]+)?$/.test(folder);
}
