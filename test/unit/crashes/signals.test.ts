import { expect, it } from 'vitest';
import { codeName, describeFault, faultAddress, signalName } from '../../../src/crashes/signals.js';

const fault = { signal: 11, code: 1, address: 0n, sender: null, isOverflow: false };

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
  ['a write to NULL', fault, 'SIGSEGV (SEGV_MAPERR) at address 0x0'],
  ['an address that no memory can have', { ...fault, code: 128 }, 'SIGSEGV (SI_KERNEL)'],
  ['a signal of another process', { ...fault, code: 0, sender: 7 }, 'SIGSEGV (SI_USER) sent by process 7'],
  ['abort()', { ...fault, signal: 6, code: -6, sender: 42 }, 'SIGABRT (SI_TKILL) sent by process 42'],
  ['exit()', { ...fault, signal: null, code: 0 }, 'exit() was called'],
  ['a code without a name', { ...fault, code: 77 }, 'SIGSEGV at address 0x0'],
  [
    'a stack that was used up',
    { ...fault, address: 0x7ffe00001000n, isOverflow: true },
    'SIGSEGV (SEGV_MAPERR) at address 0x7ffe00001000 because the stack of the thread was used up',
  ],
])('%s is described by what is known', (_, note, text) => {
  expect(describeFault(note)).toBe(text);
});

it('a signal that is about no memory has no address', () => {
  expect(faultAddress({ signal: 6, code: 1, address: 5n })).toBeNull();
  expect(faultAddress({ signal: 31, code: 1, address: 5n })).toBeNull();
});
