import { expect, it } from 'vitest';
import { whyNoFrames } from '../../../src/crashes/no-frames.js';
import { makeEvidence, makeNote } from '../../helpers/death-evidence.js';

it('says nothing where the stack is whole', () => {
  expect(whyNoFrames(makeEvidence())).toBeNull();
  const exited = makeNote({ signal: null, pc: 0n, code: 0 });
  expect(whyNoFrames(makeEvidence({ note: exited, signal: null, exitCode: 7, cause: 'exit' }))).toBeNull();
});

it.each([
  ['out of memory', { note: 'ready', signal: 'SIGKILL', cause: 'memory' }, /out-of-memory killer/],
  ['SIGKILL by somebody', { note: 'ready', signal: 'SIGKILL' }, /^SIGKILL ended it/],
  ['killed by the core', { note: 'ready', signal: 'SIGKILL', wasKilledByCore: true }, /^the core killed it/],
  [
    'a hang that nobody looked at',
    { note: 'ready', signal: 'SIGKILL', cause: 'hang', wasKilledByCore: true },
    /no time/,
  ],
  ['a limit', { note: 'ready', signal: 'SIGKILL', cause: 'limit' }, /limit/],
  ['_exit', { note: 'ready', signal: null, exitCode: 7 }, /_exit/],
  ['exit without a note', { note: 'ready', signal: null, exitCode: 7, hasCalledExit: true }, /exit\(\) was called/],
  ['a handler of the module', { note: 'ready' }, /replaced the handler of SIGSEGV/],
  ['a signal without a handler', { note: 'ready', signal: 'SIGXCPU' }, /^SIGXCPU has no handler/],
  ['an end before the handler', { note: 'none', phase: 'booting', served: false }, /before its handler was there/],
  ['a note that was overwritten', { note: 'none' }, /overwritten/],
  ['a handler that faulted', { note: makeNote({ isComplete: false }) }, /faulted too/],
  ['the note of another signal', { signal: 'SIGABRT' }, /stack is that of SIGSEGV, and SIGABRT ended/],
  ['a deep stack', { note: makeNote({ isCut: true }) }, /innermost 2 frames/],
  ['a stack that could not be walked', { note: makeNote({ frames: [] }) }, /could not be walked/],
] as const)('says why: %s', (_, changes, text) => {
  expect(whyNoFrames(makeEvidence(changes))).toMatch(text);
});
