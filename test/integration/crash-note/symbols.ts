/** The functions of a note, as addr2line names them. */

import { execFileSync } from 'node:child_process';
import { type CrashNote, findObject } from '../../../src/wire/crash-note.js';

/**
 * The functions of the frames, innermost first; what the compiler has put into another function comes before that one. `?`: the
 * frame is in no file.
 *
 * @param most of how many frames
 */
export function functionsOf(note: CrashNote, most = 6): string[] {
  const frames = note.frames.slice(0, most).map((frame, i) => {
    const object = findObject(note, frame);
    // A caller's frame is where the call returns to, which may be in the next function.
    const offset = object === null ? null : frame - object.base - (i > 0 ? 1n : 0n);
    return { path: object?.path ?? null, offset: offset === null ? '' : `0x${offset.toString(16)}` };
  });
  const paths = new Set(frames.flatMap(({ path }) => (path === null ? [] : [path])));
  const names = new Map(
    [...paths].map((path) => [
      path,
      namesIn(
        path,
        frames.filter((frame) => frame.path === path),
      ),
    ]),
  );
  return frames.flatMap(({ path, offset }) => (path === null ? ['?'] : (names.get(path)?.get(offset) ?? ['??'])));
}

/** Per offset. */
function namesIn(path: string, frames: { offset: string }[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { offset } of frames) names.set(offset, []);
  const said = `${execFileSync('addr2line', ['-a', '-C', '-i', '-f', '-e', path, ...names.keys()])}`.trim().split('\n');
  let current: string[] = [];
  for (let i = 0; i < said.length; ) {
    const line = said[i] as string;
    if (/^0x[0-9a-f]{16}$/.test(line)) {
      current = names.get(`0x${BigInt(line).toString(16)}`) ?? [];
      i++;
    } else {
      current.push(line);
      i += 2;
    }
  }
  return names;
}
