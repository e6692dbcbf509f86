import { expect, test } from 'vitest';
import { RunRenderer } from '../../../../cli/render/run.js';
import { parseEvent } from '../../../../src/in-process/events.js';

const hex = (text: string) => Buffer.from(text).toString('hex');

test.each([
  [{ event: 'log', level: 0, text: hex('hello') }, ' logs: hello'],
  [{ event: 'complaint', text: hex('http refused: there is no URL') }, ': http refused: there is no URL'],
  [{ event: 'send', params: { to: hex('bob') }, payload: hex('hi') }, ' sends to bob: hi'],
])('output of a module while an ABI is tried is marked as such (%#)', (told, words) => {
  const shown = (event: object) => {
    const parsed = parseEvent(JSON.stringify({ ...event, module: 'm' }));
    return parsed && new RunRenderer().render(parsed);
  };
  expect(shown(told)).toEqual([`  m${words}`]);
  expect(shown({ ...told, trial: 'table' })).toEqual([`  m (tried as table)${words}`]);
});

test('a crash outside of messages, as in an http callback, is shown with the messages given until then', () => {
  const renderer = new RunRenderer();
  const [one, two] = ['one', 'two'].map((text) => ({ numbers: {}, from: 'a', to: 'b', payload: Buffer.from(text) }));
  for (const message of [one, two]) if (message) renderer.note(message);
  const call = (name: string, number: number) => {
    const event = parseEvent(JSON.stringify({ event: 'call', module: 'm', function: hex(name), number }));
    if (event) renderer.render(event);
  };
  call('on_message', 1);
  call('an http callback', 0);
  expect(renderer.given()).toEqual([one]);
  expect(renderer.failure({ exitCode: null, signal: 'SIGSEGV' }, null)).toContain(
    'SIGSEGV in an http callback of module m',
  );
});
