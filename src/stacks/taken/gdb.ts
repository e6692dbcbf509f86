/** What gdb is asked, and what it answers. Pure. */

import { MAX_FRAMES } from '../raw-frame.js';
import { MAX_THREADS, type TakenAddresses } from './addresses.js';

/** Nothing that lies beside a module is run. The first thread comes first. */
export function gdbArgs(pid: number): string[] {
  const frames = `frame apply ${MAX_FRAMES} -q -s printf "@%p %p\\n", $pc, $sp`;
  return [
    '-nx',
    '-batch',
    ...['set auto-load off', 'set debuginfod enabled off', 'set print thread-events off'].flatMap((set) => [
      '-iex',
      set,
    ]),
    ...['-p', String(pid), '-ex', `thread apply all -ascending -s ${frames}`],
  ];
}

/** Each thread begins with its number, in which LWP is its id. A frame is a line with its place and its stack pointer. */
export function parseGdb(lines: readonly string[]): TakenAddresses[] {
  const threads: TakenAddresses[] = [];
  let before = '';
  for (const line of lines) {
    const thread = /^Thread \d+ \(.*?LWP (\d{1,10})\)/.exec(line);
    if (thread !== null) {
      if (threads.length === MAX_THREADS) break;
      threads.push({ id: Number(thread[1]), addresses: [] });
      before = '';
    }
    const [, address] = /^@(0x[0-9a-f]{1,16}) 0x[0-9a-f]{1,16}$/.exec(line) ?? [];
    const addresses = threads.at(-1)?.addresses;
    // A function that was put into another one has a frame of its own here, at the same place.
    if (address === undefined || addresses === undefined || line === before || addresses.length >= MAX_FRAMES) continue;
    before = line;
    addresses.push({ address: BigInt(address), isReturn: addresses.length > 0, buildId: null });
  }
  return threads;
}
