/** Names a host: pure. */

/** What it is named by. */
export interface NamedHost {
  generation: number;
  pid: number;
  /** Of several replicas; absent: its module has one. */
  replica?: number | undefined;
}

/** As in `host 7 (pid 123)`; with its replica when the module has several. */
export function describeHost({ generation, pid, replica }: NamedHost): string {
  return `host ${generation} (pid ${pid}${replica === undefined ? '' : `, replica ${replica}`})`;
}
