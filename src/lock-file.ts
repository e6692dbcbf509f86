/** What stands in the lock file of a run directory: pure. The lock itself is flock's; the text only names its holder. */

/** The content of a lock file. */
export interface LockText {
  /** The core that holds the lock, or held it until it was killed; `null` after a clean end. */
  pid: number | null;
  /**
   * Marks of everything that was started by this core, and by killed ones before it whose leftovers nobody has dealt
   * with yet; the newest first.
   */
  runIds: string[];
}

/** Reads a lock file: the pid, then one run id a line. What is neither is ignored. */
export function parseLock(text: string): LockText {
  const [first = '', ...lines] = text.split('\n');
  const pid = /^\d{1,10}$/.test(first) ? Number(first) : 0;
  return { pid: pid > 0 ? pid : null, runIds: [...new Set(lines.filter(isRunId))] };
}

/** The text that {@link parseLock} reads. */
export function formatLock(pid: number, runIds: readonly string[]): string {
  return `${[pid, ...runIds].join('\n')}\n`;
}

function isRunId(line: string): boolean {
  return /^[0-9a-f]{16}$/.test(line);
}
