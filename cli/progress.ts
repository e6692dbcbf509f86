/** What a long wait is for, on the terminal of the person who waits; silent otherwise. */

import type { ModuleStatus } from '../src/supervisor/types.js';
import { formatSeconds } from './format.js';
import { cut } from './table.js';

const AFTER_MS = 700;
const EVERY_MS = 500;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Waits for work and shows meanwhile, in one line that goes away again, what it waits for.
 *
 * @param line - says what is waited for; `null`: nothing is known. Asked twice a second; may fail.
 */
export async function withProgress<T>(line: () => Promise<string | null>, work: Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY) return work;
  const began = performance.now();
  let isShown = false;
  let timer: NodeJS.Timeout;
  let isOver = false;
  const show = async () => {
    const text = await line().catch(() => null);
    if (isOver) return;
    if (text !== null) {
      const since = formatSeconds((performance.now() - began) / 1000);
      stderr.write(`${CLEAR_LINE}${cut(`${text} (${since})`, (stderr.columns ?? 80) - 1)}`);
      isShown = true;
    }
    timer = setTimeout(show, EVERY_MS);
  };
  timer = setTimeout(show, AFTER_MS);
  try {
    return await work;
  } finally {
    isOver = true;
    clearTimeout(timer);
    if (isShown) stderr.write(CLEAR_LINE);
  }
}

/** What a core waits for, as far as its modules tell; `null`: nothing. */
export function describeWaiting(what: string, modules: readonly ModuleStatus[]): string | null {
  const busy = modules.flatMap(({ name, state, desired, hosts }) => {
    const leaving = hosts.filter(({ state }) => state === 'draining' || state === 'stopping').length;
    if (leaving > 0) return [`${name} to end`];
    const isComing = state === 'starting' || state === 'replacing' || (state === 'backoff' && desired === 'up');
    return isComing ? [`${name} to be ready`] : [];
  });
  return busy.length === 0 ? null : `${what}: waiting for ${busy.join(', ')}`;
}
