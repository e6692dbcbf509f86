/** The content of the lock file of a run directory. Pure. The lock itself is made by flock; the text only names its holder. */

/**
 * How a core relates to its process. `daemon`: the process ends with it. `embedded`: a program continues without it.
 * `bare`: a supervisor that a program embeds without control socket and logs.
 */
export type CoreKind = 'daemon' | 'embedded' | 'bare';

/** The content of a lock file. */
export interface LockText {
  /** The core that holds the lock, or held it until it was killed; `null` after a clean end. */
  pid: number | null;
  kind: CoreKind;
  /**
   * Marks of everything that this core started, and of killed cores before it whose leftovers still exist; the newest first.
   */
  runIds: string[];
  /** Where its state is, and its logs; `null`: the text does not say. */
  stateDir: string | null;
}

const STATE = 'state ';

/** Reads a lock file: the pid, then one run id a line, the kind, or the state directory. What is none of these is ignored. */
export function parseLock(text: string): LockText {
  const [first = '', ...lines] = text.split('\n');
  const pid = /^\d{1,10}$/.test(first) ? Number(first) : 0;
  const kind = lines.find((line) => line === 'embedded' || line === 'bare') ?? 'daemon';
  const stateDir = lines.find((line) => line.startsWith(`${STATE}/`))?.slice(STATE.length) ?? null;
  const runIds = [...new Set(lines.filter(isRunId))];
  return { pid: pid > 0 ? pid : null, kind: kind as CoreKind, runIds, stateDir };
}

/**
 * The text that {@link parseLock} reads. Kind and state directory come early: a client reads the beginning alone.
 *
 * @param stateDir - absolute; one with a line feed in it is left out
 */
export function formatLock(
  pid: number,
  runIds: readonly string[],
  { kind = 'daemon', stateDir = null }: Partial<Pick<LockText, 'kind' | 'stateDir'>> = {},
): string {
  const [newest, ...others] = runIds;
  const lines = [pid, ...(newest === undefined ? [] : [newest])];
  if (kind !== 'daemon') lines.push(kind);
  if (stateDir !== null && !stateDir.includes('\n')) lines.push(`${STATE}${stateDir}`);
  return `${[...lines, ...others].join('\n')}\n`;
}

function isRunId(line: string): boolean {
  return /^[0-9a-f]{16}$/.test(line);
}
