/** A CPU profile in a few lines. Pure. */

import { formatTable } from '../output/table.js';

/** As V8 writes it, in the parts that are used. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** The node that ran at each sample, and the microseconds since the one before. */
  samples: number[];
  timeDeltas: number[];
}

/** As V8 calls the time in which nothing runs. */
const IDLE = '(idle)';

/** The functions that a process spent its time in, without what they called; the longest first. */
export function summarizeProfile(profile: CpuProfile, functions: number): string[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const micros = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '';
    micros.set(name, (micros.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0));
  }
  const idle = micros.get(IDLE) ?? 0;
  micros.delete(IDLE);
  const busy = [...micros.values()].reduce((sum, one) => sum + one, 0);
  const longest = [...micros].sort(([, left], [, right]) => right - left).slice(0, functions);
  const lines = longest.map(([name, own]) => [`  ${name}`, `${((own / busy) * 100).toFixed(1)}%`]);
  const share = busy + idle === 0 ? 0 : (busy / (busy + idle)) * 100;
  return formatTable([`busy for ${(busy / 1000).toFixed(0)} ms, ${share.toFixed(0)}% of the time`, ''], lines);
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^file:\/\//, '').replace(/^.*\/(?=(dist|node_modules|bench\/build)\/)/, '');
  const name = functionName || '(anonymous)';
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`;
}
