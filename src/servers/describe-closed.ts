/** What is said when too much of what modules sent waits for a server. */

/** That its events wait. */
export function describeClosed(server: string): string {
  const what = `too many messages of modules wait for the server ${server}, so its events wait and then get no verdict`;
  return `${what}; see why it does not acknowledge, or raise send_queue and send_memory`;
}

/** Why something of it was not taken; what it can do depends on its door. */
export function describeNotTaken(server: string): string {
  return `too many messages of modules wait for the server ${server}, so the core refused this`;
}
