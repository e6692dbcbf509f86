import { expect, it } from 'vitest';
import { linkerError } from '../../../src/host-runner/module.js';

it.each([
  [
    'Failed to load shared library: /m.so: undefined symbol: foo_bar',
    'MODULE_UNRESOLVED_SYMBOL',
    '/m.so: nothing provides the symbol foo_bar; link the module with the library that defines it (see "ldd -r" on the file)',
  ],
  [
    '/m.so: undefined symbol: mesibo_future, version X',
    'MODULE_UNRESOLVED_SYMBOL',
    '/m.so: nothing provides the symbol mesibo_future; the module wants a function that no ABI of this version has',
  ],
  [
    'libfoo.so.1: cannot open shared object file: No such file or directory',
    'MODULE_LOAD_FAILED',
    '/m.so: it needs libfoo.so.1, which is not found; install it (see "ldd" on the file)',
  ],
  [
    '/m.so: ELF load command past end of file',
    'MODULE_LOAD_FAILED',
    '/m.so: the dynamic linker refused it: ELF load command past end of file',
  ],
  [
    '/m.so: cannot open shared object file: Permission denied',
    'MODULE_LOAD_FAILED',
    '/m.so: the dynamic linker refused it: cannot open shared object file: Permission denied',
  ],
  [
    '/m.so: cannot allocate memory in static TLS block',
    'MODULE_LOAD_FAILED',
    '/m.so: the dynamic linker refused it: cannot allocate memory in static TLS block; make room with "static_tls" in its block, up to 16KiB',
  ],
  [
    "/lib/libc.so.6: version `GLIBC_2.99' not found (required by /m.so)",
    'MODULE_LOAD_FAILED',
    "/m.so: the dynamic linker refused it: /lib/libc.so.6: version `GLIBC_2.99' not found (required by /m.so)",
  ],
  [
    '/usr/lib/libneeded.so: undefined symbol: foo',
    'MODULE_UNRESOLVED_SYMBOL',
    '/m.so: nothing provides the symbol foo; link the module with the library that defines it (see "ldd -r" on the file)',
  ],
])('%s', (said, code, message) => {
  expect(linkerError('/m.so', said)).toMatchObject({ code, message });
});
