/** The targets of this project, computed from the rows. The bounds are not here. Pure. */

import { nameRate } from '../run/rows.js';
import { column, divide, type Figure, pair, type Samples, summarize } from './statistics.js';

/** One line of the last table. */
export interface Target {
  name: string;
  unit: string;
  /** `null` when its rows did not run. */
  figure: Figure | null;
}

const REPLICAS_ROW = 'replicas of a module that waits 2 ms for each message';
/** A chain that long tells what a further module costs. */
const LONG_CHAIN = 10;

export function computeTargets(samples: Samples): Target[] {
  const of = (row: string, key: string) => column(samples, row, key);
  const ours = (key: string, window = 64, bytes = 100, modules = 1) =>
    of(nameRate('ours', window, bytes, modules), key);
  const target = (name: string, unit: string, perRound: (number | null)[]): Target => ({
    name,
    unit,
    figure: summarize(perRound),
  });
  const rateBeside = (peer: string, window: number, bytes = 100) =>
    pair(ours('rate', window, bytes), of(nameRate(peer, window, bytes), 'rate'), divide);
  const byClient = (client: string) => pair(of(nameRate(client, 256), 'rate'), ours('rate', 256), divide);
  return [
    target('64 in flight, rate / zeromq.js', '', rateBeside('zeromq.js', 64)),
    target('256 in flight, rate / zeromq.js', '', rateBeside('zeromq.js', 256)),
    target('64 in flight, rate / go-plugin', '', rateBeside('go-plugin', 64)),
    target('64 in flight, rate / fork', '', rateBeside('fork', 64)),
    target('64 in flight, rate / grpc-js', '', rateBeside('grpc-js', 64)),
    target('256 in flight, TypeScript client / rate', '', byClient('TypeScript client')),
    target('256 in flight, C client / rate', '', byClient('C client')),
    target('64 in flight, CPU of the core, a message', 'µs', ours('core')),
    target('64 in flight, CPU of the host, a message', 'µs', ours('host')),
    target('64 in flight, p99 / p50', '', pair(ours('p99'), ours('p50'), divide)),
    target('1 in flight, p50 / zeromq.js', '', pair(ours('p50', 1), of(nameRate('zeromq.js', 1), 'p50'), divide)),
    target('64 KiB, 64 in flight, rate / go-plugin', '', rateBeside('go-plugin', 64, 65_536)),
    target(
      '64 in flight, CPU of the core, each further module of a chain',
      'µs',
      pair(ours('core', 64, 100, LONG_CHAIN), ours('core'), (long, one) => (long - one) / (LONG_CHAIN - 1)),
    ),
    target('memory of a message outstanding', 'bytes', of('memory of a message outstanding', 'bytes')),
    target('4 replicas that wait, sticky = no / 1 replica', '', of(REPLICAS_ROW, 'ratio')),
    target('from a crash to the next true verdict', 'ms', of('crash', 'toVerdict')),
    target('the same, with debug information / without', '', of('crash', 'ratio')),
    target('50 modules started / 50 bare nodes started', '', of('start of 50 modules', 'ratio')),
    target('idle core with 20 modules', '% of a CPU', of('idle with 20 modules', 'corePercent')),
    target('mesibo-modules status / node -e 0', '', of('command line', 'ratio')),
  ];
}
