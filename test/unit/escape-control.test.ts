import { expect, it } from 'vitest';
import { escapeControl, escapeLines } from '../../src/escape-control.js';

it('text of several lines keeps their ends and its tabs, and nothing else that a terminal obeys', () => {
  expect(escapeLines('a\tb\n\n\u001b[2J\r\u009b1m\u202e\nä')).toBe('a\tb\n\n\\x1b[2J\\r\\x9b1m\\u202e\nä');
  expect(escapeControl('a\tb\n')).toBe('a\\tb\\n');
  expect(escapeLines('')).toBe('');
});
