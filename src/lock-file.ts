/** What stands in the lock file of a run directory: pure. The lock itself is flock's; the text only names its holder. */

/**
 * What a core is to the process that it is in. `daemon`: the process ends with it. `embedded`: a program goes on without it.
 * `bare`: a supervisor that a program embeds without control socket and logs.
 */
export type CoreKind = 'daemon' | 'embedded' | 'bare';

/** The content of a lock file. */
export interface LockText {
  /** The core that holds the lock, or held it until it was killed; `null` after a clean end. */
  pid: number | null;
  kind: CoreKind;
  /**
   * Marks of everything that was started by this core, and by killed ones before it whose leftovers nobody has dealt
   * with yet; the newest first.
   */
  runIds: string[];
}

/** Reads a lock file: the pid, then one run id a line, or the kind. What is none of these is ignored. */
export function parseLock(text: string): LockText {
  const [first = '', ...lines] = text.split('\n');
  const pid = /^\d{1,10}$/.test(first) ? Number(first) : 0;
  const kind = lines.find((line) => line === 'embedded' || line === 'bare') ?? 'daemon';
  return { pid: pid > 0 ? pid : null, kind: kind as CoreKind, runIds: [...new Set(lines.filter(isRunId))] };
}

/** The text that {@link parseLock} reads. The kind comes early: a client reads the beginning alone. */
export function formatLock(pid: number, runIds: readonly string[], kind: CoreKind = 'daemon'): string {
  const [newest, ...others] = runIds;
  const lines = [pid, ...(newest === undefined ? [] : [newest]), ...(kind === 'daemon' ? [] : [kind]), ...others];
  return `${lines.join('\n')}\n`;
}

function isRunId(line: string): boolean {
  return /^[0-9a-f]{16}$/.test(line);
}
