import { expect, it } from 'vitest';
import { SHIM_LIBRARY } from '../../../src/paths.js';
import { rawFramesOf } from '../../../src/stacks/raw-frame.js';
import type { CrashNote, CrashObject } from '../../../src/wire/crash-note.js';

/** Each file has 0x1000 addresses. */
const FILES = {
  module: '/m/filter.so',
  libc: '/lib/libc.so.6',
  shim: SHIM_LIBRARY,
  koffi: '/k/koffi.node',
  node: process.execPath,
};
const STARTS = { module: 0x1000n, libc: 0x2000n, shim: 0x3000n, koffi: 0x4000n, node: 0x5000n };
type Name = keyof typeof FILES;

const objects: CrashObject[] = (Object.keys(FILES) as Name[]).map((name) => {
  const start = STARTS[name];
  return { start, end: start + 0x1000n, base: start, buildId: 'aa', path: FILES[name], isDeleted: false };
});

/** An address in a file, or in none. */
function at(place: Name | 'nowhere', offset = 8): bigint {
  return (place === 'nowhere' ? 0n : STARTS[place]) + BigInt(offset);
}

function note(places: (Name | 'nowhere')[], changes: Partial<CrashNote> = {}): CrashNote {
  const frames = places.map((place, i) => at(place, i));
  return {
    isComplete: true,
    signal: 11,
    code: 1,
    sender: null,
    address: 0n,
    pc: frames[0] ?? 0n,
    sp: 0n,
    returnAddress: 0n,
    thread: { id: 1, name: 'node', isMain: true },
    isOverflow: false,
    frames,
    isCut: false,
    objects,
    ...changes,
  };
}

/** In which files the frames are, with `*` for the place of a fault. */
function filesOf(of: CrashNote): string[] {
  return rawFramesOf(of).map(({ object, isReturn }) => {
    const name = (Object.keys(FILES) as Name[]).find((one) => FILES[one] === object?.path) ?? 'nowhere';
    return `${name}${isReturn ? '' : '*'}`;
  });
}

it.each<[string, CrashNote, string[]]>([
  [
    'ends with the callback of the module',
    note(['module', 'module', 'shim', 'koffi', 'node', 'nowhere', 'node', 'libc']),
    ['module*', 'module'],
  ],
  [
    'keeps what the module called',
    note(['libc', 'libc', 'module', 'shim', 'koffi', 'node']),
    ['libc*', 'libc', 'module'],
  ],
  [
    'keeps a function of the host that the module called',
    note(['shim', 'shim', 'module', 'shim', 'koffi', 'node']),
    ['shim*', 'shim', 'module'],
  ],
  [
    'keeps the begin of a thread',
    note(['module', 'module', 'shim', 'libc', 'libc']),
    ['module*', 'module', 'libc', 'libc'],
  ],
  ['of the host alone is kept whole', note(['node', 'node', 'libc']), ['node*', 'node', 'libc']],
  [
    'begins where the fault was, not in the handler',
    note(['shim', 'libc', 'module', 'module'], { pc: at('module', 2) }),
    ['module*', 'module'],
  ],
  ['has the caller of a jump to nowhere', note(['nowhere'], { returnAddress: at('module') }), ['nowhere*', 'module']],
  [
    'has that caller once',
    note(['nowhere', 'module', 'module'], { returnAddress: at('module', 1) }),
    ['nowhere*', 'module', 'module'],
  ],
  [
    'does not take any number on the stack for a caller',
    note(['nowhere'], { returnAddress: 0xdead_beefn }),
    ['nowhere*'],
  ],
  ['of exit() has callers only', note(['libc', 'module', 'node'], { signal: null, pc: 0n }), ['libc*', 'module']],
  ['of nothing is empty', note([], { signal: null, pc: 0n }), []],
])('a stack %s', (_, of, expected) => {
  expect(filesOf(of)).toEqual(expected);
});

it('a stack is bounded', () => {
  expect(rawFramesOf(note(Array.from({ length: 1000 }, () => 'module' as const)))).toHaveLength(256);
});
