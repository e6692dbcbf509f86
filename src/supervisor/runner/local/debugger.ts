/** Whether a host is under a debugger, which may hold it for as long as somebody looks at it: pure. */

import type { Tracer } from '../../../proc.js';

/**
 * Whether this is a debugger and not made by the module itself. `PTRACE_TRACEME` makes the core the tracer, and a module may
 * fork a process that traces it. A host leads its own group and session.
 *
 * @param core - the process of the core
 * @param host - the process that is traced
 */
export function isDebugger({ pid, group, session, ancestors }: Tracer, core: number, host: number): boolean {
  return pid !== core && pid !== host && group !== host && session !== host && !ancestors.includes(host);
}
