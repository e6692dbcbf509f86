import { expect, it } from 'vitest';
import { renderCrashList } from '../../../../../cli/render/crashes/list.js';
import { type ReportParts, renderReport } from '../../../../../cli/render/crashes/report.js';
import { groupCards } from '../../../../../src/crashes/group-cards.js';
import { call, card, frame, hostFrame, keptCall } from '../../../../helpers/crash-cards.js';

const view = { nowMs: Date.parse('2026-11-30T13:05:00Z'), width: 100, colour: false, options: ['--run-dir', '/r'] };
const none: ReportParts = { source: null, bodies: null, isStored: true };

function report(changes: Parameters<typeof card>[0] = {}, parts: Partial<ReportParts> = {}): string {
  return renderReport(card(changes), { ...none, ...parts }, view);
}

it('reads like a report: what happened, where, the message, the log, what to try', () => {
  const source = { first: 40, lines: ['{', '\tint *p = NULL;', '\t*p = 1;', '}', ''], isNewer: false };
  const text = report({}, { source });
  expect(text.replaceAll(/\(2026-11-30 .*?\)/g, '(then)').replace(/^ {2}[\d:.]{12} /m, '  AT ')).toBe(
    `crash filter-20261130T130102Z-3

Module filter crashed in filter_on_message at filter.c:42, while it was executing on_message of
message 4711, 3m 57s ago (then).
SIGSEGV (SEGV_MAPERR) at address 0x0: a NULL pointer was used.

Where
    40 | {
    41 |     int *p = NULL;
  > 42 |     *p = 1;
    43 | }
    44 |

  #0 filter_on_message at /src/filter.c:42
  #1 mm_call+0x1f in libmesibo-shim.so
  thread 77 "filter": the one that calls the module

The message
  callback  on_message
  id        4711
  from      alice
  to        bob
  type      0
  size      5 bytes, kept; to print it:
            mesibo-modules --run-dir /r crashes show filter-20261130T130102Z-3 --body

The log before
  AT  logs (0)  about to write

The calls before
  on_message of message 4710 from alice to bob, 5 bytes: pass
  on_message of message 4711 from alice to bob, 5 bytes: no verdict

The process
  file     /opt/modules/module_filter.so
  build    sha256 abababababab, build id a1b2c3
  ABI      table
  process  generation 3, pid 77, up 1m 1s, serving
  use      41 MB of memory, 21 descriptors

What to try
  - to see whether it dies again:
    mesibo-modules --run-dir /r crashes replay filter-20261130T130102Z-3
  - for a backtrace with arguments, by gdb:
    mesibo-modules --run-dir /r crashes replay filter-20261130T130102Z-3 --gdb
  - to look for memory errors:
    mesibo-modules --run-dir /r crashes replay filter-20261130T130102Z-3 --valgrind
  - for more of the log: mesibo-modules --run-dir /r logs filter`,
  );
});

it.each([
  [{ isOverflow: true }, 'Module filter used up its stack in', 'the stack of the thread was used up'],
  [
    {
      frames: [
        frame({ address: '0x0', object: null, isOfModule: false, function: null, source: null, line: null }),
        frame(),
      ],
    },
    'crashed in filter_on_message',
    'a function pointer was called that is NULL',
  ],
  [
    { signal: 'SIGABRT', signalCode: 'SI_TKILL', address: null, sender: 77 },
    'Module filter crashed in',
    'SIGABRT (SI_TKILL): abort() was called',
  ],
  [
    { sender: 1234, signalCode: 'SI_USER', address: null },
    'was ended by SIGSEGV from process 1234',
    'find out who sent the signal',
  ],
  [
    { signal: 'SIGFPE', signalCode: 'FPE_INTDIV', address: '0x7f0000001139' },
    'crashed',
    'a number was divided by zero',
  ],
  [
    { cause: 'exit' as const, signal: null, exitCode: 7 },
    'Module filter exited with code 7 in',
    'in the place of calling exit()',
  ],
  [{ cause: 'hang' as const, signal: 'SIGKILL' }, 'Module filter hung in filter_on_message', 'raise "hang"'],
  [
    { cause: 'memory' as const, signal: 'SIGKILL', frames: [], noFrames: 'the kernel killed it' },
    'was killed because memory ran out',
    '(the kernel killed it)',
  ],
  [{ limit: 'memory = 64MiB', frames: [] }, 'ran into its limit memory = 64MiB', 'raise the limit'],
  [{ isQuarantined: true }, 'crashed', 'withheld from this build'],
  [
    { callback: null, message: null, thread: { id: 80, name: 'worker', isMain: false } },
    'at filter.c:42, 3m 57s ago',
    'thread 80 "worker": one that the module, or a library of it, has started',
  ],
  [
    { symbols: { by: null, isPending: false, remark: 'no debug information: build it with -g' } },
    'crashed',
    '(no debug information: build it with -g)',
  ],
  [{ symbols: { by: null, isPending: true, remark: null } }, 'crashed', 'still being found'],
  [
    { cause: 'hang' as const, frames: [], noFrames: 'no time', symbols: { by: null, isPending: true, remark: null } },
    'hung',
    '(the stack is still being read)',
  ],
  [{ isCut: true }, 'crashed', 'the stack goes on'],
  [{ message: call({ isKept: false }), calls: [] }, 'crashed', '5 bytes, not kept'],
])('%j is told in words', (changes, first, other) => {
  const text = report(changes).replaceAll(/\n {0,4}(?=\S)/g, ' ');
  expect(text).toContain(first);
  expect(text).toContain(other);
});

it('what is not kept is not offered again', () => {
  const text = report({ message: call({ isKept: false }), calls: [] });
  expect(text).not.toContain('replay');
  expect(renderReport(card(), { ...none, isStored: false }, view)).not.toMatch(/crashes|logs filter/);
});

it('no control character of a module gets to the terminal', () => {
  const evil = '\u001b[2J\u0007\u202e\n';
  const text = report(
    {
      module: evil,
      file: evil,
      callback: evil,
      signal: evil,
      noFrames: evil,
      frames: [frame({ function: evil, source: evil, object: evil })],
      thread: { id: 1, name: evil, isMain: true },
      message: call({ from: evil, to: evil, id: evil, type: evil }),
      log: [{ time: 0, source: 'module', level: 0, text: evil }],
      calls: [call({ from: evil, id: evil })],
      symbols: { by: evil, isPending: false, remark: evil },
    },
    { bodies: [keptCall(evil)], source: { first: 42, lines: [evil], isNewer: true } },
  );
  const group = groupCards([card({ module: evil, signal: evil, frames: [frame({ function: evil })] })]);
  for (const shown of [text, renderCrashList(group, view)]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(shown).toContain('\\x1b[2J');
  }
});

it('a stack of thousands of functions and a name of megabytes stay readable', () => {
  const frames = Array.from({ length: 2000 }, (_, i) => frame({ function: `f${i}`, line: i }));
  const text = report({ frames: [frame({ function: 'x'.repeat(5_000_000) }), ...frames, hostFrame()] });
  expect(text.length).toBeLessThan(10_000);
  expect(text).toContain('  ... 1970 more');
  expect(text).toMatch(/#2001 mm_call/);
});

it('bodies are shown as text, or in hexadecimal', () => {
  const bytes = Buffer.from([0xff, 0x00, 0x41, 0x1b]);
  const text = report({}, { bodies: [keptCall('two\nlines\u0007'), keptCall(bytes), keptCall('')] });
  expect(text).toContain(`The bodies
  on_message of message 4711:
    two
    lines\\x07
  on_message of message 4711:
    00000000  ff 00 41 1b                                      ..A.
  on_message of message 4711:
    (empty)
`);
  const long = report({}, { bodies: [keptCall(Buffer.alloc(1024 * 1024, 0xff))] });
  expect(long).toContain('... 1044480 bytes more; --json has them all');
  expect(report({}, { bodies: [] })).toContain('none was kept');
});

it('the list has a line for crashes that are the same', () => {
  const cards = [
    card({ id: 'filter-20261130T130002Z-2', time: '2026-11-30T13:00:02.000Z' }),
    card(),
    card({
      id: 'x-20261130T130402Z-1',
      time: '2026-11-30T13:04:02.000Z',
      module: 'x',
      cause: 'exit',
      signal: null,
      exitCode: 7,
      frames: [],
    }),
  ];
  expect(renderCrashList(groupCards(cards), view).split('\n')).toEqual([
    '      LAST  COUNT  MODULE  CAUSE    WHERE                             ID',
    '       58s ago      1  x       exit 7   on_message of message 4711        x-20261130T130402Z-1'.slice(4),
    '3m 57s ago      2  filter  SIGSEGV  filter_on_message at filter.c:42  filter-20261130T130102Z-3',
    '',
    'to read one: mesibo-modules --run-dir /r crashes show ID',
  ]);
});

it.each(['SIGKILL', 'SIGTERM'])('%s is no crash, and nothing says who sent it', (signal) => {
  const text = report({ signal, signalCode: null, address: null, frames: [], thread: null });
  expect(text).toContain(`Module filter was ended by ${signal}, while`);
  expect(text).not.toContain(`\n${signal}.`);
  expect(text).toContain(`find out who sent ${signal}`);
});

it('what dies in its init can be replayed without any message', () => {
  const text = report({ callback: 'init', message: null, calls: [] });
  expect(text).toContain('crashes replay filter-20261130T130102Z-3');
});
