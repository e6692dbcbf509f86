/** Shows on the terminal what a command waits for. Silent when there is no terminal. */

import type { ModuleStatus } from '../../src/supervisor/types.js';
import { formatSeconds } from '../text/format.js';
import { cut } from '../text/table.js';

const AFTER_MS = 700;
const EVERY_MS = 500;
/** A core that has not answered for this long most likely hangs. */
const SILENT_MS = 3000;
const CLEAR_LINE = '\r\x1b[K';

/** Whether a line is on the terminal; there is one at a time. */
let isShown = false;

/** Takes the line away, so that something else can be printed. The line comes back. */
export function hideProgress(): void {
  if (isShown) process.stderr.write(CLEAR_LINE);
  isShown = false;
}

/**
 * Waits for work and shows meanwhile what it waits for.
 *
 * @param line - see {@link showProgress}
 */
export async function withProgress<T>(line: () => Promise<string | null>, work: Promise<T>): Promise<T> {
  const end = showProgress(line);
  try {
    return await work;
  } finally {
    end();
  }
}

/**
 * Shows what is waited for, in one line that goes away again.
 *
 * @param line - says what the command waits for; `null`: unknown. Asked twice a second, but never before its last answer. May fail.
 * @returns ends it
 */
export function showProgress(line: () => Promise<string | null>): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const began = performance.now();
  let isOver = false;
  let isAsking = false;
  let text: string | null = null;
  let answeredMs = began;
  const ask = async () => {
    isAsking = true;
    try {
      text = await line();
      answeredMs = performance.now();
    } catch {
      // The line goes on to show its last answer, and then that the core is silent.
    }
    isAsking = false;
  };
  const show = () => {
    if (isOver) return;
    const nowMs = performance.now();
    const isSilent = nowMs - answeredMs > SILENT_MS;
    if (!isAsking) void ask();
    if (text === null && !isSilent) return;
    const what = `${text ?? 'waiting'}${isSilent ? '; the core does not answer' : ''}`;
    const since = formatSeconds((nowMs - began) / 1000);
    stderr.write(`${CLEAR_LINE}${cut(`${what} (${since})`, (stderr.columns ?? 80) - 1)}`);
    isShown = true;
  };
  let every: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    every = setInterval(show, EVERY_MS);
    void ask().then(show);
  }, AFTER_MS);
  return () => {
    clearTimeout(first);
    clearInterval(every);
    isOver = true;
    hideProgress();
  };
}

/** What a core waits for, as far as its modules tell; `null`: nothing. */
export function describeWaiting(
  what: string,
  modules: readonly (Omit<ModuleStatus, 'probationUntil'> & Partial<Pick<ModuleStatus, 'probationUntil'>>)[],
): string | null {
  const busy = modules.flatMap(({ name, state, desired, hosts, probationUntil = null }) => {
    if (probationUntil !== null) return [`${name} to hold on probation`];
    const leaving = hosts.filter(({ state }) => state === 'draining' || state === 'stopping').length;
    if (leaving > 0) return [`${name} to end`];
    const isComing = state === 'starting' || state === 'replacing' || (state === 'backoff' && desired === 'up');
    return isComing ? [`${name} to be ready`] : [];
  });
  return busy.length === 0 ? null : `${what}: waiting for ${busy.join(', ')}`;
}
