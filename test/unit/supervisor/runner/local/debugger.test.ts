import { expect, it } from 'vitest';
import type { Tracer } from '../../../../../src/proc.js';
import { isDebugger } from '../../../../../src/supervisor/runner/local/debugger.js';

const CORE = 100;
const HOST = 200;
const gdb: Tracer = { pid: 300, group: 300, session: 290, ancestors: [290, 1] };

it.each<[string, Tracer, boolean]>([
  ['started from a shell', gdb, true],
  ['that the program of the core started', { ...gdb, ancestors: [CORE, 1] }, true],
  ['that started the core', { ...gdb, pid: 50, ancestors: [1] }, true],
  ['of which nothing is known', { pid: 300, group: 0, session: 0, ancestors: [] }, true],
])('a tracer %s is a debugger', (_, tracer, expected) => {
  expect(isDebugger(tracer, CORE, HOST)).toBe(expected);
});

it.each<[string, Tracer]>([
  ['the core, as PTRACE_TRACEME makes it', { pid: CORE, group: 100, session: 90, ancestors: [90, 1] }],
  ['the host itself', { pid: HOST, group: HOST, session: HOST, ancestors: [CORE, 1] }],
  ['a child of the host', { pid: 300, group: HOST, session: HOST, ancestors: [HOST, CORE, 1] }],
  ['a grandchild in a session of its own', { pid: 301, group: 301, session: 301, ancestors: [300, HOST, CORE, 1] }],
  ['a process that the host left behind in its session', { pid: 302, group: 302, session: HOST, ancestors: [1] }],
  ['a process that the host left behind in its group', { pid: 303, group: HOST, session: HOST, ancestors: [1] }],
])('a tracer that is %s is not a debugger', (_, tracer) => {
  expect(isDebugger(tracer, CORE, HOST)).toBe(false);
});
