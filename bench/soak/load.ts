/** Offers messages, a fixed number at a time: the next one when one is answered. */

/** What is offered, and how. */
export interface Load {
  /** The messages `first` to `last`, in this order. */
  first: number;
  last: number;
  concurrency: number;
  /** A message without an answer for this long is given up as lost. */
  patienceMs: number;
  /** Offers one message; resolves with its answer. */
  offer(number: number): Promise<void>;
}

/** Offers all messages; resolves when each is answered or lost. */
export async function runLoad({ first, last, concurrency, patienceMs, offer }: Load): Promise<void> {
  let next = first;
  async function work(): Promise<void> {
    while (next <= last) await withPatience(offer(next++), patienceMs);
  }
  await Promise.all(Array.from({ length: concurrency }, work));
}

function withPatience(answer: Promise<void>, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, patienceMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
