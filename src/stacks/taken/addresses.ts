/** The addresses on the stacks of a process, before anybody has looked up what they mean. */

/** One address on a stack. */
export interface TakenAddress {
  address: bigint;
  isReturn: boolean;
  /** In hexadecimal; `null`: the program does not say it. */
  buildId: string | null;
}

/** One thread, innermost address first. */
export interface TakenAddresses {
  id: number;
  addresses: TakenAddress[];
}

export const MAX_THREADS = 64;
