import { expect, it } from 'vitest';
import { fromWireFailure, toWireFailure } from '../../../src/control/failure.js';
import { decodeReply, encodeReply } from '../../../src/control/frames.js';
import { ControlError, IllegalStateError, ReloadError, SupervisorError } from '../../../src/errors.js';
import { coreCommand, sentence, shellCommand } from '../../../src/sentence.js';

const remedy = sentence`to start it: ${coreCommand('start', 'm')}, or end it: ${shellCommand('kill', '7')}`;
const stopped = new IllegalStateError('ILLEGAL_STATE', 'module m: it is stopped', { remedy });
const MESSAGE = 'module m: it is stopped; to start it: mesibo-modules start m, or end it: kill 7';

function travel(error: unknown) {
  return decodeReply(encodeReply({ id: 1, failure: toWireFailure(error) })).failure ?? {};
}

it('an error reaches the command line with its remedy as data', () => {
  const error = fromWireFailure(travel(stopped));
  expect(error).toBeInstanceOf(ControlError);
  expect(error).toMatchObject({ code: 'ILLEGAL_STATE', what: 'module m: it is stopped', message: MESSAGE });
  expect(error.sentence.parts).toEqual(stopped.sentence.parts);
  const plain = fromWireFailure(travel(new SupervisorError('MODULE_UNKNOWN', 'no module is named x')));
  expect(plain).toMatchObject({ code: 'MODULE_UNKNOWN', message: 'no module is named x', remedy: null });
  expect(fromWireFailure(travel(new TypeError('oops')))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'the core could not handle the request: oops',
  });
});

it('an older command line reads all of it in the message', () => {
  expect(travel(stopped)).toMatchObject({ code: 'ILLEGAL_STATE', message: MESSAGE });
});

it.each([
  ['an older core, which has no remedy', { code: 'ILLEGAL_STATE', message: MESSAGE }],
  [
    'a newer core, with a part that nobody knows',
    { code: 'ILLEGAL_STATE', message: MESSAGE, what: 'module m: it is stopped', remedy: [{ text: 'see ' }, {}] },
  ],
  ['a core that forgot what it is about', { code: 'ILLEGAL_STATE', message: MESSAGE, remedy: [{ text: 'see' }] }],
])('%s: the message is shown', (_, failure) => {
  const error = fromWireFailure(failure);
  expect(error).toMatchObject({ message: MESSAGE, remedy: null });
  expect(`${error.sentence}`).toBe(MESSAGE);
});

it('commands in the middle of a message reach the command line as data too', () => {
  const failed = new ReloadError([stopped]);
  const error = fromWireFailure(travel(failed));
  expect(error).toMatchObject({ code: 'RELOAD_FAILED', message: failed.message });
  expect(error.sentence.parts).toEqual(failed.sentence.parts);
  expect(`${error.sentence.withOptions(['--run-dir', '/x'])}`).toContain('mesibo-modules --run-dir /x start m');
});
