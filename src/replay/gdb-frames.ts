/** The frames that gdb prints, for a process that could not note its own: pure. */

import { basename } from 'node:path';
import type { CardFrame } from '../crashes/card.js';

const MOST = 256;
/** `#1  0x00007f in name (arguments) at file.c:42` or `... from /lib/libc.so.6`. */
const FRAME = /^#\d+ +(?:(0x[0-9a-f]+) in )?(.+?) \(.*\)(?: at (.+):(\d+)| from (.+))?$/;

/**
 * Reads a backtrace; other lines are left out.
 *
 * @param functions - those that belong to the module: gdb does not say where a function with sources came from
 */
export function readGdbFrames(output: string, functions: ReadonlySet<string>): CardFrame[] {
  const frames: CardFrame[] = [];
  for (const line of output.split('\n')) {
    const [found, address = '', name = '', source, number, object] = FRAME.exec(line) ?? [];
    if (found === undefined || frames.length === MOST) continue;
    const isKnown = name !== '??';
    frames.push({
      address,
      object: object ?? null,
      buildId: null,
      offset: null,
      isOfModule: functions.has(name),
      function: isKnown ? name : object === undefined ? null : `?? in ${basename(object)}`,
      functionOffset: null,
      source: source ?? null,
      line: number === undefined ? null : Number(number),
      isInlined: false,
    });
  }
  return frames;
}
