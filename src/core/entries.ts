/** What the supervisor announces, as log entries: pure. */

import { LEVELS, type LogEntry } from '../logs/entry.js';
import type { LifecycleEvent, LogLine } from '../supervisor/types.js';

const SUPERVISOR_LEVELS = [LEVELS.error, LEVELS.warn, LEVELS.info] as const;
const MODULE_LEVELS = [LEVELS.info, LEVELS.debug] as const;

/** The entry of a line of a module, of its process, or of the supervisor. */
export function entryOfLine({ time, module, generation, source, level, text }: LogLine): LogEntry {
  return { level: levelOf(source, level), time, module, generation, source, msg: text };
}

function levelOf(source: LogLine['source'], level: number): number {
  if (source === 'supervisor') return SUPERVISOR_LEVELS[level] ?? LEVELS.debug;
  if (source === 'module') return MODULE_LEVELS[level] ?? LEVELS.trace;
  return LEVELS.info;
}

/** The entry of a change; `null` for one that the supervisor also logs. */
export function entryOfLifecycle(event: LifecycleEvent, time: number): LogEntry | null {
  const generation = event.kind === 'module' ? null : event.generation;
  const entry = (level: number, msg: string): LogEntry => {
    return { level, time, module: event.module, generation, source: 'supervisor', msg };
  };
  switch (event.kind) {
    case 'module':
      // The reason is told by the death or the refusal that changed the state.
      return entry(LEVELS.info, `module ${event.module}: ${event.from} -> ${event.to}`);
    case 'spawned':
      return entry(LEVELS.info, `module ${event.module}: host ${event.generation} started with pid ${event.pid}`);
    case 'ready':
      return null;
    case 'exited':
      return entry(event.cause === 'stop' || event.cause === 'trial' ? LEVELS.info : LEVELS.error, event.text);
  }
}

/** An entry of the core itself. */
export function coreEntry(level: keyof typeof LEVELS, msg: string, time: number): LogEntry {
  return { level: LEVELS[level], time, module: null, generation: null, source: 'supervisor', msg };
}
