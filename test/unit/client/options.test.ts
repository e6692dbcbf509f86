import { expect, it } from 'vitest';
import { settingsOf } from '../../../src/client/options.js';

it('finds the socket in a run directory, and fills in the rest', () => {
  const { path, takesSends, sendWindow, verdict, deadlineMs } = settingsOf({ runDir: '/run/x', server: 'a' });
  expect({ path, takesSends, sendWindow, verdict, deadlineMs }).toEqual({
    path: '/run/x/gateway.sock',
    takesSends: false,
    sendWindow: 64,
    verdict: 'pass',
    deadlineMs: null,
  });
});

it.each([
  [{ server: 'a' }, 'INVALID_ARGUMENT', 'give path or runDir'],
  [{ path: 'x', runDir: 'y', server: 'a' }, 'INVALID_ARGUMENT', 'give path or runDir'],
  [{ path: '\ud800', server: 'a' }, 'INVALID_ARGUMENT', 'give the name of a file, without NULs and halves'],
  [{ runDir: 'x\0', server: 'a' }, 'INVALID_ARGUMENT', 'the option runDir is "x\\u0000"'],
  [{ path: 7 as never, server: 'a' }, 'INVALID_ARGUMENT', 'the option path is 7'],
  [{ path: 'x', server: '\ud800' }, 'INVALID_ARGUMENT', 'the option server is'],
  [{ path: 'x', server: 'a b' }, 'INVALID_ARGUMENT', 'the option server is "a b"; give 1 to 64 of the characters'],
  [{ path: 'x', server: '' }, 'INVALID_ARGUMENT', 'the option server is ""'],
  [{ path: 'x' } as never, 'INVALID_ARGUMENT', 'the option server is missing'],
  [{ path: 'x', server: 'a', deadlineMs: 0 }, 'INVALID_ARGUMENT', 'the option deadlineMs is 0; give a whole number'],
  [{ path: 'x', server: 'a', maxWaiting: 1.5 }, 'INVALID_ARGUMENT', 'maxWaiting is 1.5'],
  [{ path: 'x', server: 'a', takesSends: true }, 'INVALID_ARGUMENT', 'give a function, as takesSends is set'],
  [{ path: 'x', server: 'a', onUnreachable: 'drop' as never }, 'INVALID_ARGUMENT', 'give pass or consume'],
  [{ path: `/${'x'.repeat(107)}`, server: 'a' }, 'SOCKET_PATH_TOO_LONG', 'has 108 bytes; the system allows 107'],
])('refuses %j', (options, code, part) => {
  expect(() => settingsOf(options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(part) }));
});
