/**
 * A mark that a host gives itself and that everything that the module starts inherits. It is a number in the soft limit
 * RLIMIT_LOCKS, which the kernel has ignored since 2003. Unlike a variable, it remains when the environment is emptied.
 *
 * @see src/host-runner/native/process.c
 */

const HOST_BITS = 32n;

/** The mark of one host. Its upper half is the mark of its core's run. Never unlimited. */
export function markOfHost(runId: string, token: string): bigint {
  return (markOfRun(runId) << HOST_BITS) | BigInt(`0x${token.slice(0, 8)}`);
}

/** What the marks of all hosts of a run have in common; never 0. */
export function markOfRun(runId: string): bigint {
  return BigInt(`0x${runId.slice(0, 8)}`) & 0x7fffffffn || 1n;
}

/** The run to which a mark belongs. */
export function runOfMark(mark: bigint): bigint {
  return mark >> HOST_BITS;
}
