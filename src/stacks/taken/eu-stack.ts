/** What `eu-stack` is asked, and what it answers. Pure. */

import { MAX_FRAMES } from '../raw-frame.js';
import { MAX_THREADS, type TakenAddress, type TakenAddresses } from './addresses.js';

/** With build ids. Names are looked up later, when the process runs again. */
export function euStackArgs(pid: number): string[] {
  return ['-q', '-a', '-b', '-n', String(MAX_FRAMES), '-p', String(pid)];
}

/** Each thread begins with `TID`. A frame is a line, and a second one with the build id of its file. */
export function parseEuStack(lines: readonly string[]): TakenAddresses[] {
  const threads: TakenAddresses[] = [];
  let last: TakenAddress | null = null;
  for (const line of lines) {
    const thread = /^TID (\d{1,10}):$/.exec(line);
    if (thread !== null) {
      if (threads.length === MAX_THREADS) break;
      threads.push({ id: Number(thread[1]), addresses: [] });
    }
    const [, address, minusOne] = /^#\d+ +(0x[0-9a-f]{1,16})( - 1)?\s*/.exec(line) ?? [];
    const addresses = threads.at(-1)?.addresses;
    if (address !== undefined && addresses !== undefined && addresses.length < MAX_FRAMES) {
      last = { address: BigInt(address), isReturn: minusOne !== undefined, buildId: null };
      addresses.push(last);
    }
    const id = /^ +\[([0-9a-f]{2,64})\]@/.exec(line)?.[1];
    if (id !== undefined && last !== null) last.buildId = id;
  }
  return threads;
}
