import { expect, test } from 'vitest';
import { escapeControl } from '../../../src/escape-control.js';
import { LEVELS, type LogEntry, parseEntry } from '../../../src/logs/entry.js';
import { formatLogLine } from '../../../src/logs/format.js';
import { serializeEntry } from '../../../src/logs/serialize.js';

const entry: LogEntry = { level: 30, time: 0, module: 'filter', generation: 2, source: 'module', msg: 'hello' };

test('an entry is written as pino writes lines, and read back', () => {
  const line = serializeEntry(entry);
  expect(line).toBe('{"level":30,"time":0,"module":"filter","generation":2,"source":"module","msg":"hello"}');
  expect(parseEntry(line)).toEqual(entry);
});

test('an entry has the line that JSON has, whatever stands in it', () => {
  const texts = ['', '%s %d %o', '{"level":10}', 'a\u0000\u001b\n"\\', '\u{1f600}', 'é'.repeat(70_000)];
  for (const msg of texts) {
    for (const level of Object.values(LEVELS)) {
      const whole: LogEntry = { ...entry, level, generation: null, msg };
      expect(serializeEntry(whole)).toBe(JSON.stringify(whole));
    }
  }
});

test.each(['', '{"level":30', 'null', '[]', '{"level":"x","time":1,"msg":"m"}'])('%j is not an entry', (line) => {
  expect(parseEntry(line)).toBeNull();
});

test('a person sees time, module and generation, level and text', () => {
  const text = formatLogLine(serializeEntry({ ...entry, level: 50, source: 'supervisor' }));
  expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000 filter\/2\s+error\s+hello$/);
});

test('output of a process is marked as such, and lines of the core have no module', () => {
  expect(formatLogLine(serializeEntry({ ...entry, source: 'stderr' }))).toContain(' stderr ');
  expect(formatLogLine(serializeEntry({ ...entry, module: null, generation: null }))).toContain(' core ');
});

test('a module cannot drive the terminal', () => {
  expect(formatLogLine(serializeEntry({ ...entry, msg: 'a\u001b[2Jb\r\nc\u202e' }))).toMatch(
    /a\\x1b\[2Jb\\r\\nc\\u202e$/,
  );
  expect(formatLogLine('not json \u001b[31m')).toBe('not json \\x1b[31m');
  expect(escapeControl('plain ünïcode ✓')).toBe('plain ünïcode ✓');
});

test('a text does not begin with the name that stands before it', () => {
  const line = (module: string | null, msg: string) =>
    formatLogLine(JSON.stringify({ level: 50, time: 0, module, generation: 1, source: 'supervisor', msg })).slice(24);
  expect(line('translate', 'module translate: /m.so: no file')).toBe('translate/1    error  /m.so: no file');
  expect(line('translate', 'module other: it is down')).toBe('translate/1    error  module other: it is down');
  expect(line(null, 'module translate: it is down')).toMatch(/^core +error +module translate: it is down$/);
});
