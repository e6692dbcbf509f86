/** The rows of the bench: what runs once in each round, in this order. Pure. */

/** Who answers the messages of a row. */
export type Peer =
  | 'ours'
  | 'TypeScript client'
  | 'C client'
  | 'C client, blocking'
  | 'JSON lines'
  | 'HTTP'
  | 'mesibo bridge'
  | 'zeromq.js'
  | 'fork'
  | 'worker_threads'
  | 'grpc-js'
  | 'node:http'
  | 'go-plugin'
  | 'C call'
  | 'C socket';

/** A row that measures a rate. */
export interface RateRow {
  kind: 'rate';
  name: string;
  section: string;
  peer: Peer;
  window: number;
  bytes: number;
  modules: number;
  /** The row of ours that it is compared with; `null` for that one itself. */
  beside: string | null;
  quick: boolean;
}

/** A row whose figures are not rates. */
export interface LifeRow {
  kind: 'life';
  name: string;
  /** Of the program. */
  program: 'crash' | 'start' | 'idle' | 'held' | 'status' | 'webhook' | 'shadow' | 'replicas';
  figures: readonly LifeFigure[];
  quick: boolean;
}

/** One number of a {@link LifeRow}. */
export interface LifeFigure {
  key: string;
  label: string;
  unit: string;
}

export type Row = RateRow | LifeRow;

/** Which rows to run. */
export interface Selection {
  pattern: RegExp;
  quick: boolean;
  oursOnly: boolean;
}

const WINDOWS = [1, 16, 64, 256, 1024];
const CHAINS = [3, 10];
const BIG_PAYLOADS = [1024, 65_536];
/** The load for comparing peers: a larger window makes none of them faster, and it suits all of them. */
const COMMON_WINDOWS = [1, 64, 256];
const COMMON_PEERS: readonly Peer[] = ['fork', 'worker_threads', 'grpc-js', 'node:http', 'go-plugin'];
/** Other processes that reach ours through the gateway and over HTTP. */
const CLIENTS: readonly Peer[] = ['TypeScript client', 'C client', 'JSON lines', 'HTTP'];
const BIG_PEERS: readonly Peer[] = ['zeromq.js', 'grpc-js', 'go-plugin'];

/** Rates that the table of targets needs. */
const QUICK = new Set([
  ...['ours', 'zeromq.js'].flatMap((peer) => [1, 64, 256].map((window) => nameRate(peer, window))),
  ...['go-plugin', 'fork', 'grpc-js'].map((peer) => nameRate(peer, 64)),
  ...['TypeScript client', 'C client'].map((peer) => nameRate(peer, 256)),
  ...['ours', 'go-plugin'].map((peer) => nameRate(peer, 64, 65_536)),
  nameRate('ours', 64, 100, 10),
]);

/** The name of a rate's row. */
export function nameRate(peer: string, window: number, bytes = 100, modules = 1): string {
  const payload = bytes === 100 ? '' : `, ${bytes / 1024} KiB`;
  return `${peer}, ${window} in flight${payload}${modules === 1 ? '' : `, ${modules} modules`}`;
}

function rate(section: string, peer: Peer, window: number, bytes = 100, modules = 1): RateRow {
  const name = nameRate(peer, window, bytes, modules);
  const ours = nameRate('ours', window, bytes);
  const beside = name === ours ? null : ours;
  return { kind: 'rate', name, section, peer, window, bytes, modules, beside, quick: QUICK.has(name) };
}

/** Ours come first in a section. The rows that are compared with them follow at once, while the machine is equally fast. */
const RATES: readonly RateRow[] = [
  ...WINDOWS.flatMap((window) => {
    const section = `${window} in flight`;
    const peers: Peer[] = ['ours', 'zeromq.js', ...(COMMON_WINDOWS.includes(window) ? COMMON_PEERS : [])];
    if (window === 1) peers.push('C socket', 'C call');
    if (window === 64) peers.push('C socket');
    if (COMMON_WINDOWS.includes(window)) peers.push(...CLIENTS);
    if (window === 1) peers.push('C client, blocking', 'mesibo bridge');
    return peers.map((peer) => rate(section, peer, window));
  }),
  ...CHAINS.map((modules) => rate('chains, 64 in flight', 'ours', 64, 100, modules)),
  ...BIG_PAYLOADS.flatMap((bytes) =>
    (['ours', ...BIG_PEERS] as Peer[]).map((peer) => rate(`${bytes / 1024} KiB, 64 in flight`, peer, 64, bytes)),
  ),
];

const LIVES: readonly LifeRow[] = [
  {
    kind: 'life',
    name: 'crash',
    program: 'crash',
    quick: true,
    figures: [
      { key: 'toDefault', label: 'from the call that crashes to its default verdict', unit: 'ms' },
      { key: 'toVerdict', label: 'from there to the next true verdict', unit: 'ms' },
      { key: 'toVerdictNamed', label: 'the same for a module with debug information', unit: 'ms' },
      { key: 'ratio', label: 'with debug information / without', unit: '' },
    ],
  },
  {
    kind: 'life',
    name: 'start of 50 modules',
    program: 'start',
    quick: true,
    figures: [
      { key: 'oneMs', label: '1 module', unit: 'ms' },
      { key: 'oursMs', label: '50 modules', unit: 'ms' },
      { key: 'bareMs', label: '50 processes of node -e 0', unit: 'ms' },
      { key: 'ratio', label: '50 modules / 50 processes', unit: '' },
    ],
  },
  {
    kind: 'life',
    name: 'idle with 20 modules',
    program: 'idle',
    quick: true,
    figures: [
      { key: 'corePercent', label: 'core', unit: '% of a CPU' },
      { key: 'coreWakeUps', label: 'core, all threads', unit: 'wake-ups/s' },
      { key: 'hostsPercent', label: 'all 20 hosts', unit: '% of a CPU' },
    ],
  },
  {
    kind: 'life',
    name: 'replicas of a module that waits 2 ms for each message',
    program: 'replicas',
    quick: true,
    figures: [
      { key: 'one', label: '1 replica', unit: 'messages/s' },
      { key: 'sticky', label: '4 replicas', unit: 'messages/s' },
      { key: 'free', label: '4 replicas, sticky = no', unit: 'messages/s' },
      { key: 'stickyRatio', label: '4 replicas / 1 replica', unit: '' },
      { key: 'ratio', label: '4 replicas, sticky = no / 1 replica', unit: '' },
      { key: 'memory', label: 'memory (PSS) of each further replica', unit: 'MiB' },
    ],
  },
  {
    kind: 'life',
    name: 'webhook',
    program: 'webhook',
    quick: false,
    figures: [
      { key: 'rate', label: 'what one module sends, posted', unit: 'messages/s' },
      { key: 'cpu', label: 'CPU of the core, a message', unit: 'µs' },
    ],
  },
  {
    kind: 'life',
    name: 'shadow',
    program: 'shadow',
    quick: false,
    figures: [
      { key: 'aloneMicros', label: '1 in flight, p50 of a module', unit: 'µs' },
      { key: 'shadowedMicros', label: '1 in flight, p50 of a module that has a shadow', unit: 'µs' },
      { key: 'ratio', label: 'the second / the first', unit: '' },
      { key: 'aloneP99', label: '1 in flight, p99 of a module', unit: 'µs' },
      { key: 'shadowedP99', label: '1 in flight, p99 of a module that has a shadow', unit: 'µs' },
      { key: 'aloneRate', label: '64 in flight, a module', unit: 'messages/s' },
      { key: 'shadowedRate', label: '64 in flight, a module that has a shadow', unit: 'messages/s' },
      { key: 'rateRatio', label: 'the second / the first', unit: '' },
    ],
  },
  {
    kind: 'life',
    name: 'memory of a message outstanding',
    program: 'held',
    quick: true,
    figures: [{ key: 'bytes', label: 'at 20,000 outstanding, beside the payload', unit: 'bytes' }],
  },
  {
    kind: 'life',
    name: 'command line',
    program: 'status',
    quick: true,
    figures: [
      { key: 'statusMs', label: 'mesibo-modules status', unit: 'ms' },
      { key: 'bareMs', label: 'node -e 0', unit: 'ms' },
      { key: 'ratio', label: 'the first / the second', unit: '' },
    ],
  },
];

export const ROWS: readonly Row[] = [...RATES, ...LIVES];

/** The rows that run; `oursOnly`: those of ours that measure a rate. */
export function selectRows({ pattern, quick, oursOnly }: Selection): Row[] {
  const isOurs = (row: Row) => row.kind === 'rate' && row.peer === 'ours';
  return ROWS.filter((row) => pattern.test(row.name) && (row.quick || !quick) && (isOurs(row) || !oursOnly));
}
