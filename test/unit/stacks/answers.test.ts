/** What programs answer, as they answer it. */

import { describe, expect, it } from 'vitest';
import { parseEuStack } from '../../../src/stacks/taken/eu-stack.js';
import { parseGdb } from '../../../src/stacks/taken/gdb.js';
import { parseMappings } from '../../../src/stacks/taken/mappings.js';
import { parseAddr2line } from '../../../src/stacks/tools/addr2line.js';
import { LineCutter } from '../../../src/stacks/tools/line-cutter.js';

describe('addr2line', () => {
  it('of GNU', () => {
    const found = parseAddr2line([
      '0x0000000000001139',
      'shop::price(int*)',
      '/src/shop.cc:12 (discriminator 3)',
      'main',
      '/src/C:\\odd:name.cc:7',
      '0x0000000000002000',
      '??',
      '??:0',
      '0x0000000000003000',
      'known',
      '??:?',
    ]);
    expect([...found]).toEqual([
      [
        0x1139n,
        [
          { function: 'shop::price(int*)', source: '/src/shop.cc', line: 12 },
          { function: 'main', source: '/src/C:\\odd:name.cc', line: 7 },
        ],
      ],
      [0x3000n, [{ function: 'known', source: null, line: null }]],
    ]);
  });

  it('of elfutils, with its columns', () => {
    const found = parseAddr2line([
      '0x00000000000011bb',
      'inner inlined at /src/a.c:8:3 in outer',
      '/src/a.c:5:25',
      'outer',
      '/src/a.c:8:3',
    ]);
    expect(found.get(0x11bbn)).toEqual([
      { function: 'inner', source: '/src/a.c', line: 5 },
      { function: 'outer', source: '/src/a.c', line: 8 },
    ]);
  });

  it.each([
    ['nothing', []],
    ['half an answer', ['0x0000000000001139', 'main']],
    ['lines before any address', ['a', 'b', 'c']],
    ['a line that is no number', ['0x0000000000001139', '??', '/a.c:99999999999999999999']],
  ])('%s says nothing', (_, lines) => {
    expect([...parseAddr2line(lines)]).toEqual([]);
  });

  it('a place with a thousand functions is bounded', () => {
    const lines = ['0x0000000000001139', ...Array.from({ length: 1000 }, (_, i) => [`f${i}`, `/a.c:${i + 1}`]).flat()];
    expect(parseAddr2line(lines).get(0x1139n)).toHaveLength(32);
  });
});

it('eu-stack', () => {
  const threads = parseEuStack([
    'PID 19149 - process',
    'TID 19149:',
    '#0  0x00005623ad8bb18c    ',
    '    [9d90dc3ab009b7fc]@0x5623ad8ba000+0x118c',
    '#1  0x00005623ad8bb19e - 1',
    '    [9d90dc3ab009b7fc]@0x5623ad8ba000+0x119d',
    '#2  0x00007f5a00000000 - 1',
    'TID 19151:',
    '#0  0x00007fa79ce07df2     - /usr/lib/libc.so.6',
    'eu-stack: dwfl_thread_getframes tid 19151 at 0x1 in [vdso]: No DWARF information found',
  ]);
  expect(threads).toEqual([
    {
      id: 19149,
      addresses: [
        { address: 0x5623ad8bb18cn, isReturn: false, buildId: '9d90dc3ab009b7fc' },
        { address: 0x5623ad8bb19en, isReturn: true, buildId: '9d90dc3ab009b7fc' },
        { address: 0x7f5a00000000n, isReturn: true, buildId: null },
      ],
    },
    { id: 19151, addresses: [{ address: 0x7fa79ce07df2n, isReturn: false, buildId: null }] },
  ]);
});

it('gdb', () => {
  const threads = parseGdb([
    '[Thread debugging using libthread_db enabled]',
    '5\tvoid inner(void){ for(;;) x++; }',
    'Thread 1 (Thread 0x7f027824e740 (LWP 4028) "sg"):',
    // A function that was put into another one is a frame of its own.
    '@0x55ee4dae7183 0x7fff26f3bed8',
    '@0x55ee4dae7183 0x7fff26f3bed8',
    '@0x55ee4dae719e 0x7fff26f3bee8',
    '@0x55ee4dae719e 0x7fff26f3bef8',
    '',
    'Thread 2 (Thread 0x7f027824d6c0 (LWP 4029) "wor)k (LWP 1) er"):',
    '@0x7f0278324df2 0x7f027824cea0',
  ]);
  expect(
    threads.map(({ id, addresses }) => [id, addresses.map(({ address, isReturn }) => [address, isReturn])]),
  ).toEqual([
    [
      4028,
      [
        [0x55ee4dae7183n, false],
        [0x55ee4dae719en, true],
        [0x55ee4dae719en, true],
      ],
    ],
    [4029, [[0x7f0278324df2n, false]]],
  ]);
});

it('/proc/PID/maps', () => {
  const text = `5623ad8ba000-5623ad8bb000 r--p 00000000 fe:00 12 /tmp/with a space.so
5623ad8bb000-5623ad8bc000 r-xp 00001000 fe:00 12                         /tmp/x.so (deleted)
7fa79ce07000-7fa79ce08000 rw-p 00000000 00:00 0
7ffe42600000-7ffe42621000 r-xp 00000000 00:00 0                          [vdso]
nonsense
`;
  expect(parseMappings(text)).toEqual([
    { start: 0x5623ad8ba000n, end: 0x5623ad8bb000n, isCode: false, offset: 0n, path: '/tmp/with a space.so' },
    { start: 0x5623ad8bb000n, end: 0x5623ad8bc000n, isCode: true, offset: 0x1000n, path: '/tmp/x.so (deleted)' },
    { start: 0x7ffe42600000n, end: 0x7ffe42621000n, isCode: true, offset: 0n, path: '[vdso]' },
  ]);
});

it('lines are cut, however they arrive', () => {
  const cutter = new LineCutter();
  for (let i = 0; i < 3; i++) cutter.add(Buffer.alloc(3000, 'x'));
  cutter.add(Buffer.from('\n\nsh'));
  cutter.add(Buffer.from('ort\nlast'));
  expect(cutter.end().map((line) => (line.length > 100 ? line.length : line))).toEqual([4096, '', 'short', 'last']);
});
