import { expect, it } from 'vitest';
import { blamedFrame, type CardFrame } from '../../../src/crashes/card.js';

function frame(name: string | null, source: string | null, isOfModule: boolean): CardFrame {
  return {
    address: '0x1',
    object: '/m/m.so',
    buildId: null,
    offset: '0x1',
    isOfModule,
    function: name,
    functionOffset: null,
    source,
    line: source === null ? null : 1,
    isInlined: false,
  };
}

const LIBC = frame('abort', null, false);
const TEMPLATE = frame('std::vector<int>::at', '/usr/include/c++/12/bits/stl_vector.h', true);
const PANIC = frame('core::panicking::panic_fmt', '/rustc/59807616e1/library/core/src/panicking.rs', true);
const HOOK = frame('std::panicking::panic_with_hook', null, true);
const OWN = frame('price', '/src/shop.cc', true);
const UNKNOWN = frame(null, null, true);

it.each<[string, CardFrame[], CardFrame | null]>([
  ['of the module, although libc was called', [LIBC, OWN], OWN],
  ['that was written for the module, not a template of C++', [TEMPLATE, OWN], OWN],
  ['that was written for the module, not the standard library of Rust', [PANIC, OWN], OWN],
  ['that was written for the module, not one of Rust whose source nothing says', [HOOK, OWN], OWN],
  ['innermost, even without debug information', [UNKNOWN, OWN], UNKNOWN],
  ['of the template, when it is alone', [LIBC, TEMPLATE], TEMPLATE],
  ['with a name, when none is of the module', [frame(null, null, false), LIBC], LIBC],
  ['of no stack', [], null],
])('the blamed function is the one %s', (_, frames, expected) => {
  expect(blamedFrame(frames)).toBe(expected);
});
