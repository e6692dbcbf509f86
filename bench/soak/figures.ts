/** Figures of a run, from what was seen of it: pure. */

import type { Answer, Evidence, HostChange } from './evidence.js';

/** For given shares of the answers: the milliseconds that they did not exceed. */
export interface Latencies {
  p50: number;
  p99: number;
  max: number;
}

/** The results of the messages. */
export interface Figures {
  answers: number;
  consumed: number;
  /** Verdicts of modules and, by reason, default verdicts. */
  verdicts: { own: number; defaults: Record<string, number> };
  /** Verdicts of a host that did not exist yet when the chain came to its module; another host did. */
  recovered: number;
  hangs: number;
  sends: { intended: number; delivered: number };
  /** Of whole messages. */
  latencyMs: Latencies;
  /** Of single modules. */
  slowestVerdictMs: number;
}

/** Counts what was seen. */
export function figuresOf(evidence: Evidence): Figures {
  const { answers, members, deliveries } = evidence;
  const trace = answers.flatMap(({ outcome }) => outcome.trace);
  const defaults: Record<string, number> = {};
  for (const { default: reason } of trace) if (reason !== null) defaults[reason] = (defaults[reason] ?? 0) + 1;
  return {
    answers: answers.length,
    consumed: answers.filter(({ outcome }) => outcome.verdict === 'consumed').length,
    verdicts: { own: trace.filter((entry) => entry.default === null).length, defaults },
    recovered: countRecovered(evidence),
    hangs: countCalls(members, 'hanging'),
    sends: { intended: countCalls(members, 'intended'), delivered: deliveries.length },
    latencyMs: latencies(answers),
    slowestVerdictMs: trace.reduce((slowest, { micros }) => Math.max(slowest, micros / 1000), 0),
  };
}

function countCalls(members: Evidence['members'], kind: string): number {
  let calls = 0;
  for (const { journal } of members) {
    for (const call of journal.values()) if (call.some((record) => record.kind === kind)) calls += 1;
  }
  return calls;
}

function latencies(answers: Answer[]): Latencies {
  const sorted = answers.map(({ offeredMs, answeredMs }) => answeredMs - offeredMs).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function countRecovered({ answers, members, changes }: Evidence): number {
  let recovered = 0;
  for (const { name, journal } of members) {
    const hosts = changes.filter((change) => change.module === name);
    for (const { number, answeredMs, outcome } of answers) {
      const place = outcome.trace.findIndex(({ module }) => module === name);
      if (place < 0 || outcome.trace[place]?.default !== null) continue;
      const later = outcome.trace.slice(place).reduce((sum, { micros }) => sum + micros / 1000, 0);
      const before = lastUntil(hosts, answeredMs - later);
      if (before?.kind === 'ready' && before.pid !== journal.get(number)?.[0]?.pid) recovered += 1;
    }
  }
  return recovered;
}

function lastUntil(changes: HostChange[], ms: number): HostChange | undefined {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle] as HostChange).atMs <= ms) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1];
}
