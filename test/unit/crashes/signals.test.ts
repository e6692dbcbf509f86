import { expect, it } from 'vitest';
import { codeName, faultAddress, signalName } from '../../../src/crashes/signals.js';

const fault = { signal: 11, code: 1, address: 0n };

it.each([
  [11, 1, 'SIGSEGV', 'SEGV_MAPERR'],
  [11, 2, 'SIGSEGV', 'SEGV_ACCERR'],
  [11, 128, 'SIGSEGV', 'SI_KERNEL'],
  [8, 1, 'SIGFPE', 'FPE_INTDIV'],
  [4, 2, 'SIGILL', 'ILL_ILLOPN'],
  [7, 2, 'SIGBUS', 'BUS_ADRERR'],
  [5, 1, 'SIGTRAP', 'TRAP_BRKPT'],
  [31, 1, 'SIGSYS', 'SYS_SECCOMP'],
  [6, -6, 'SIGABRT', 'SI_TKILL'],
  [11, 0, 'SIGSEGV', 'SI_USER'],
  [11, 4711, 'SIGSEGV', null],
  [6, 3, 'SIGABRT', null],
  [99, 1, 'signal 99', null],
])('signal %i with code %i is %s, %s', (signal, code, name, said) => {
  expect([signalName(signal), codeName(signal, code)]).toEqual([name, said]);
});

it.each([
  ['a write to NULL', fault, 'SEGV_MAPERR', '0x0'],
  ['an address that no memory can have', { ...fault, code: 128 }, 'SI_KERNEL', null],
  ['a signal of another process', { ...fault, code: 0 }, 'SI_USER', null],
  ['abort()', { ...fault, signal: 6, code: -6 }, 'SI_TKILL', null],
  ['exit()', { ...fault, signal: null, code: 0 }, null, null],
  ['a code without a name', { ...fault, code: 77 }, null, '0x0'],
  ['a stack that was used up', { ...fault, address: 0x7ffe00001000n }, 'SEGV_MAPERR', '0x7ffe00001000'],
])('%s has the code and the address that are known', (_, note, code, address) => {
  expect([note.signal === null ? null : codeName(note.signal, note.code), faultAddress(note)]).toEqual([code, address]);
});

it('a signal that is about no memory has no address', () => {
  expect(faultAddress({ signal: 6, code: 1, address: 5n })).toBeNull();
  expect(faultAddress({ signal: 31, code: 1, address: 5n })).toBeNull();
});
