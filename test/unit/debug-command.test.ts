import { expect, it } from 'vitest';
import { debugCommand, isFault } from '../../src/debug-command.js';
import { sentence } from '../../src/sentence.js';

it('is a line that a shell takes, whatever the messages are', () => {
  const line = debugCommand({ kind: 'given', words: ['--conf', 'a=b c', '/m.so'] }, ["it's", '']);
  expect(`${sentence`${line}`}`).toBe(
    "mesibo-modules run --in-process --under 'gdb -batch -ex run -ex bt --args' --conf 'a=b c' /m.so --message 'it'\\''s' --message ''",
  );
});

it('takes the settings from the configuration, and shows none of them', () => {
  const line = debugCommand({ kind: 'configured', config: '/etc/m.conf', module: 'm' });
  expect(`${sentence`${line}`}`).toMatch(/ --config \/etc\/m\.conf --only m --message TEXT$/);
});

it('is for signals that a process raises by its own fault', () => {
  expect(['SIGSEGV', 'SIGABRT', 'SIGBUS'].every(isFault)).toBe(true);
  expect([null, undefined, 'SIGKILL', 'SIGTERM'].some(isFault)).toBe(false);
});
