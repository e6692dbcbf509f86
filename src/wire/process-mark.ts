/**
 * A mark that a host gives itself, and that everything inherits which the module starts: a number in the soft limit
 * RLIMIT_LOCKS, which the kernel has not looked at since 2003. Unlike a variable, it outlives an emptied environment.
 *
 * @see src/host-runner/native/process.c
 */

const HOST_BITS = 32n;

/** The mark of one host, of which the upper half is the mark of its core's run. Never unlimited. */
export function markOfHost(runId: string, token: string): bigint {
  return (markOfRun(runId) << HOST_BITS) | BigInt(`0x${token.slice(0, 8)}`);
}

/** What the marks of all hosts of a run have in common; never 0. */
export function markOfRun(runId: string): bigint {
  return BigInt(`0x${runId.slice(0, 8)}`) & 0x7fffffffn || 1n;
}

/** The run that a mark is of. */
export function runOfMark(mark: bigint): bigint {
  return mark >> HOST_BITS;
}
