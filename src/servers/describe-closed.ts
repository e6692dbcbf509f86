/** What is said when too much of what modules sent waits for a server. */

/** That its events wait. */
export function describeClosed(server: string): string {
  const what = `too much that modules sent waits for the server ${server}, so its events wait and then get no verdict`;
  return `${what}; see why it does not acknowledge, or raise send_queue and send_memory`;
}

/** Why something of it was not taken; what it can do depends on its door. */
export function describeNotTaken(server: string): string {
  return `too much that modules sent waits for the server ${server}, so this was not taken`;
}
