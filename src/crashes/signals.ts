/** Signals and what the system said of them, by name. */

import { signalNameOf } from '../signal-name.js';
import { hex } from '../stacks/raw-frame.js';
import type { CrashNote } from '../wire/crash-note.js';

/** What sent a signal, for any signal. @see sigaction(2) and the header siginfo-consts.h of glibc */
const SENDERS: Readonly<Record<number, string>> = {
  0: 'SI_USER',
  128: 'SI_KERNEL',
  [-1]: 'SI_QUEUE',
  [-2]: 'SI_TIMER',
  [-3]: 'SI_MESGQ',
  [-4]: 'SI_ASYNCIO',
  [-5]: 'SI_SIGIO',
  [-6]: 'SI_TKILL',
};

/** What a fault was, from 1 on. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  SIGILL: [
    'ILL_ILLOPC',
    'ILL_ILLOPN',
    'ILL_ILLADR',
    'ILL_ILLTRP',
    'ILL_PRVOPC',
    'ILL_PRVREG',
    'ILL_COPROC',
    'ILL_BADSTK',
    'ILL_BADIADDR',
  ],
  SIGFPE: [
    'FPE_INTDIV',
    'FPE_INTOVF',
    'FPE_FLTDIV',
    'FPE_FLTOVF',
    'FPE_FLTUND',
    'FPE_FLTRES',
    'FPE_FLTINV',
    'FPE_FLTSUB',
  ],
  SIGSEGV: [
    'SEGV_MAPERR',
    'SEGV_ACCERR',
    'SEGV_BNDERR',
    'SEGV_PKUERR',
    'SEGV_ACCADI',
    'SEGV_ADIDERR',
    'SEGV_ADIPERR',
    'SEGV_MTEAERR',
    'SEGV_MTESERR',
  ],
  SIGBUS: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR', 'BUS_MCEERR_AR', 'BUS_MCEERR_AO'],
  SIGTRAP: ['TRAP_BRKPT', 'TRAP_TRACE', 'TRAP_BRANCH', 'TRAP_HWBKPT', 'TRAP_UNK', 'TRAP_PERF'],
  SIGSYS: ['SYS_SECCOMP', 'SYS_USER_DISPATCH'],
};

/** Of these the system says the address that could not be used. */
const WITH_ADDRESS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP']);

/** `SIGSEGV`; a number that has no name stays one. */
export function signalName(number: number): string {
  return signalNameOf(number) ?? `signal ${number}`;
}

/** `SEGV_MAPERR`; `null`: the system said nothing that has a name. */
export function codeName(signal: number, code: number): string | null {
  return SENDERS[code] ?? FAULTS[signalName(signal)]?.[code - 1] ?? null;
}

/** The memory that could not be used, in hexadecimal; `null`: the signal is about none, or was sent, or the processor did not say. */
export function faultAddress({ signal, code, address }: Pick<CrashNote, 'signal' | 'code' | 'address'>): string | null {
  // The kernel says SI_KERNEL, and the address 0, for one that no memory can have.
  if (signal === null || code <= 0 || code === 128) return null;
  return WITH_ADDRESS.has(signalName(signal)) ? hex(address) : null;
}
