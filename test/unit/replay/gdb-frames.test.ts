import { expect, it } from 'vitest';
import { readGdbFrames } from '../../../src/replay/gdb-frames.js';

const OUTPUT = `[Thread debugging using libthread_db enabled]

Program received signal SIGINT, Interrupt.
#0  __GI___clock_nanosleep (clock_id=0, req=0x7ff, rem=0x7ff) at ../sysdeps/clock_nanosleep.c:71
#1  0x00007ffff7e87d8a in __sleep (seconds=0, seconds@entry=1) at ../sysdeps/posix/sleep.c:55
#2  0x00007ffff7d9927a in loops (text=0x5 "a) at (b", len=4) at crashy/crashy.c:51
#3  0x00007ffff7e0 in ?? () from /opt/modules/module_x.so
#4  0x00005555555591d1 in ns::call<int>(int) (module=...) at abi.h:167
#5  0x0000000000000000 in ?? ()
`;

it('reads functions, files and lines of a backtrace', () => {
  const frames = readGdbFrames(OUTPUT, new Set(['loops']));
  expect(frames.map((frame) => [frame.function, frame.source, frame.line, frame.isOfModule])).toEqual([
    ['__GI___clock_nanosleep', '../sysdeps/clock_nanosleep.c', 71, false],
    ['__sleep', '../sysdeps/posix/sleep.c', 55, false],
    ['loops', 'crashy/crashy.c', 51, true],
    ['?? in module_x.so', null, null, false],
    ['ns::call<int>(int)', 'abi.h', 167, false],
    [null, null, null, false],
  ]);
  expect(frames[1]?.address).toBe('0x00007ffff7e87d8a');
  expect(readGdbFrames('No stack.\n', new Set())).toEqual([]);
});
