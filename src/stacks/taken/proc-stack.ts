/** What the kernel says of the threads of a process: where each of them has called it. */

import { readdir } from 'node:fs/promises';
import { MAX_THREADS, type TakenAddresses } from './addresses.js';
import { readProc } from './read-proc.js';

/** What the kernel knows. */
export interface KernelView {
  threads: TakenAddresses[];
  /** What the first thread does; `null`: that cannot be read. */
  remark: string | null;
}

/** Only the innermost address of a thread can be seen, and only while it is in the kernel. */
export async function takeFromKernel(pid: number): Promise<KernelView> {
  const ids = (await readdir(`/proc/${pid}/task`).catch(() => [])).map(Number).filter((id) => id > 0);
  const threads: TakenAddresses[] = [];
  for (const id of ids.slice(0, MAX_THREADS)) threads.push({ id, addresses: await readPlace(pid, id) });
  const wait = (await readProc(`/proc/${pid}/wchan`)).replace(/\0/g, '').trim();
  const state = /^State:\s+(.*)$/m.exec(await readProc(`/proc/${pid}/status`))?.[1];
  const what = wait === '' || wait === '0' ? state : `${state}, in ${wait} of the kernel`;
  return { threads, remark: what === undefined ? null : `its main thread is ${what}` };
}

/** The last number is the place from which it called. A thread that runs has none. */
async function readPlace(pid: number, id: number): Promise<TakenAddresses['addresses']> {
  const text = await readProc(`/proc/${pid}/task/${id}/syscall`);
  const address = /^-?\d+(?: 0x[0-9a-f]+)* (0x[0-9a-f]{1,16})$/.exec(text.trim())?.[1];
  // The call stands before it, as for a return address.
  return address === undefined ? [] : [{ address: BigInt(address), isReturn: true, buildId: null }];
}
