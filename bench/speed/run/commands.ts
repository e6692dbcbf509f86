/** How a row is run: the program and its arguments. */

import { join } from 'node:path';
import { GO_HOST, GO_PLUGIN, NATIVE, PASS_MODULE, program } from '../paths.js';
import { loadArguments } from '../programs/arguments.js';
import type { LifeRow, Peer, RateRow, Row } from './rows.js';

/** How long the parts of a row take. */
export interface Pace {
  warmMs: number;
  measureMs: number;
  /** Of an idle core. */
  settleMs: number;
  idleMs: number;
  /** How often a crash, or a start of the command line, is measured in one round; the median counts. */
  repeats: number;
}

/** V8 has compiled what is hot by then, on two slow processors too, and a thousand messages are measured. */
export const FULL_PACE: Pace = { warmMs: 2500, measureMs: 700, settleMs: 5000, idleMs: 10_000, repeats: 5 };
/** For a first look. */
export const QUICK_PACE: Pace = { warmMs: 400, measureMs: 300, settleMs: 500, idleMs: 2000, repeats: 3 };
/** Long enough for a profile with thousands of samples. */
export const PROFILE_PACE: Pace = { ...FULL_PACE, measureMs: 3000 };

const NODE_PROGRAMS: Partial<Record<Peer, string>> = {
  ours: 'ours',
  'zeromq.js': 'peers/zeromq',
  fork: 'peers/fork',
  worker_threads: 'peers/worker',
  'grpc-js': 'peers/grpc',
  'node:http': 'peers/http',
};

/** What the program is told that they are called. */
const CLIENTS: Partial<Record<Peer, string>> = {
  'TypeScript client': 'typescript',
  'C client': 'queue',
  'C client, blocking': 'blocking',
  'JSON lines': 'json-lines',
  HTTP: 'http',
  'mesibo bridge': 'bridge',
};

/** A program and its arguments. */
export type Command = [file: string, ...args: string[]];

export function commandOf(row: Row, pace: Pace): Command {
  return row.kind === 'rate' ? rateCommand(row, pace) : lifeCommand(row, pace);
}

function rateCommand(row: RateRow, pace: Pace): Command {
  const load = loadArguments({ ...row, ...pace });
  const script = NODE_PROGRAMS[row.peer];
  if (script !== undefined) return [process.execPath, program(script), ...load];
  const client = CLIENTS[row.peer];
  if (client !== undefined) return [process.execPath, program('client'), client, ...load];
  if (row.peer === 'go-plugin') return [GO_HOST, ...load, GO_PLUGIN];
  if (row.peer === 'C socket') return [join(NATIVE, 'socket'), ...load];
  return [join(NATIVE, 'in-process'), ...load, PASS_MODULE];
}

function lifeCommand(row: LifeRow, pace: Pace): Command {
  const script = program(`life/${row.program}`);
  switch (row.program) {
    case 'held':
      return [process.execPath, '--expose-gc', script];
    case 'idle':
      return [process.execPath, script, String(pace.settleMs), String(pace.idleMs)];
    case 'crash':
    case 'status':
      return [process.execPath, script, String(pace.repeats)];
    case 'start':
    case 'webhook':
    case 'replicas':
      return [process.execPath, script];
  }
}
