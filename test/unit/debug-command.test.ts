import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { debugCommand, describeDebugging, isFault } from '../../src/debug-command.js';
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

describe('the messages that it crashed on', () => {
  const what = { kind: 'given', words: ['/m.so'] } as const;
  const run = "mesibo-modules run --in-process --under 'gdb -batch -ex run -ex bt --args' /m.so";
  const say = (...texts: (string | Buffer)[]) =>
    `${describeDebugging(
      what,
      texts.map((text) => Buffer.from(text as string)),
    )}`;

  it('are all of them, in their order', () => {
    expect(say('a', 'grüß dich')).toBe(`to see where it crashes: ${run} --message a --message 'grüß dich'`);
  });

  it('are unknown, and said to be', () => {
    expect(`${describeDebugging(what, null)}`).toBe(
      `to see where it crashes, with the message in the place of TEXT: ${run} --message TEXT`,
    );
    expect(say()).toBe(`to see where it crashes: ${run} --message TEXT`);
  });

  it.each<[string, Buffer]>([
    ['a terminal would obey them', Buffer.from('\x1b]0;x\x07')],
    ['they are no UTF-8', Buffer.from([0xff, 0xfe])],
    ['a NUL ends an argument', Buffer.from('a\0b')],
    ['printf would read them', Buffer.from("-n %s\\n'\x01")],
  ])('come from a pipe when %s, byte for byte', (_, text) => {
    const told = say('first', text);
    expect(told).toMatch(/^[ -~]*$/);
    const [, printf = ''] = /^to see where it crashes: (printf .*) \| mesibo-modules .* \/m\.so$/.exec(told) ?? [];
    expect(execFileSync('/bin/sh', ['-c', printf])).toEqual(
      Buffer.concat([Buffer.from('first\n'), text, Buffer.from('\n')]),
    );
  });

  it('come from a file when they are many or long', () => {
    const fromFile = `on standard input, a line each: ${run} <FILE`;
    expect(say(...Array(21).fill('x'))).toBe(`to see where it crashes, give the 21 messages ${fromFile}`);
    expect(say('x'.repeat(1024 * 1024))).toBe(`to see where it crashes, give the message ${fromFile}`);
    expect(say(...Array(20).fill('x')).match(/--message x/g)).toHaveLength(20);
  });

  it('are left to the reader when they have lines, and could not be shown', () => {
    expect(say('a\nb\x1b')).toMatch(/, with the message in the place of TEXT: .* --message TEXT$/);
  });

  it('show nothing of settings that a terminal would obey', () => {
    const told = describeDebugging({ kind: 'given', words: ['--conf', 'a=\x1b[2J', '/m.so'] }, [Buffer.from('x')]);
    expect(`${told}`).toMatch(/^[ -~]*$/);
  });
});
