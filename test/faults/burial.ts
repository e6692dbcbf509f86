/**
 * The end of a host whose black box holds what a test puts there: everything that the core does with it is real, from
 * `Host` down. Only the process is missing; it has died already.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { makeConfig } from '../../src/config/make.js';
import type { AbiName, ModuleSpec } from '../../src/config/types.js';
import { HostFile } from '../../src/supervisor/builds/host-file.js';
import type { CallAnswer, PendingCall } from '../../src/supervisor/calls/pending-call.js';
import { Host, type HostSurroundings } from '../../src/supervisor/host/host.js';
import type { HostEnd, HostListener } from '../../src/supervisor/host/host-listener.js';
import type { HostAddress } from '../../src/supervisor/runner/local/host-socket.js';
import { LocalRunner } from '../../src/supervisor/runner/local/local-runner.js';
import type { ExitListener, SpawnRequest } from '../../src/supervisor/runner/local/spawn.js';
import type { PeerListener } from '../../src/supervisor/runner/peer.js';
import { BOX } from '../../src/wire/black-box.js';
import type { Log, Sent } from '../../src/wire/codec.js';
import { type EventParts, makeCall } from '../helpers/calls.js';

const spawned = vi.hoisted(() => ({
  boxFd: -1,
  exited: null as ExitListener | null,
  peer: null as PeerListener | null,
}));

vi.mock('../../src/supervisor/runner/local/spawn.js', () => ({
  spawnHost({ boxFd }: SpawnRequest, exited: ExitListener) {
    Object.assign(spawned, { boxFd, exited });
    const silent = { on: () => silent, resume: () => silent, pause: () => silent };
    return { pid: 1, stdout: silent, stderr: silent, corePipe: silent, signalGroup: () => {} };
  },
}));

vi.mock('../../src/supervisor/runner/local/host-socket.js', () => ({
  HostSocket: class {
    constructor(_address: HostAddress, _maxFrameBytes: number, peer: PeerListener) {
      spawned.peer = peer;
    }
    close(): void {}
  },
}));

export const BOX_BYTES = 640 * 1024;
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** What stood in a black box when its host had died. */
export interface Remains {
  /** The header, and the ring as it lies in the file. */
  header: Buffer;
  ring: Buffer;
  /** How far the core had taken it over. */
  taken: number;
  /** The calls that the host held, in order; the first has the sequence number 1. */
  calls: EventParts[];
}

/** What the core made of it. */
export interface Burial {
  calls: PendingCall[];
  answered: [call: PendingCall, answer: CallAnswer][];
  sent: Sent[];
  logs: Log[];
  end: HostEnd;
}

const [spec] = makeConfig({ modules: [{ name: 'busy', path: '/nowhere', hangMs: null, logRate: null }] }).modules;
const NEVER_MS = Number.MAX_SAFE_INTEGER;
const EXPIRED: CallAnswer = { verdict: 'pass', default: 'deadline', params: null, payload: null };

/**
 * Lets a host die of `signal` and settles what it held.
 *
 * @param searched whether a deadline had made the core look for finished verdicts before
 */
export function bury(
  { header, ring, taken, calls }: Remains,
  signal: NodeJS.Signals | null,
  searched: boolean,
): Burial {
  const pending = calls.map((event) => makeCall(event, NEVER_MS));
  const burial: Omit<Burial, 'end'> = { calls: pending, answered: [], sent: [], logs: [] };
  let end: HostEnd | null = null;
  const listener: HostListener<Host> = {
    offered: (_, { abis }) => abis[0] as AbiName,
    begun() {},
    ready() {},
    relieved() {},
    printed() {},
    dropped() {},
    refusedSends() {},
    spared() {},
    signalled() {},
    leftBehind() {},
    answered: (_, call, answer) => burial.answered.push([call, answer ?? EXPIRED]),
    sent: (_, sent) => burial.sent.push(sent),
    logged: (_, log) => burial.logs.push(log),
    died: (_, death) => {
      end = death;
    },
  };
  const file = new HostFile('/nowhere', null, new Promise(() => undefined), () => null);
  const host = new Host(1, spec as ModuleSpec, file, around, listener);
  introduce(spawned.peer as PeerListener, taken);
  for (const call of pending) host.call(call, 0);
  writeSync(spawned.boxFd, ring, 0, ring.length, BOX.ringOffset);
  writeSync(spawned.boxFd, header, 0, header.length, 0);
  if (searched) host.takeFinished();
  spawned.exited?.(signal === null ? 0 : null, signal, false);
  if (end === null) throw new Error('the host was not buried');
  return { ...burial, end };
}

const runDir = mkdtempSync(join(tmpdir(), 'mm-'));
const around: HostSurroundings = {
  runner: new LocalRunner({
    runId: randomBytes(8).toString('hex'),
    runDir,
    stateDir: null,
    boxDir: '/dev/shm',
    blackBoxBytes: BOX_BYTES,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    orphans: null,
    unsafe: null,
  }),
  maxMessageBytes: MAX_MESSAGE_BYTES,
  heartbeatMs: 1_000_000,
  configFile: null,
  keeper: null,
};

afterAll(() => rmSync(runDir, { recursive: true }));

const NOTHING_NEW = { start: 0, ring: Buffer.alloc(0), droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };

/** The handshake, and reports that take the box over as far as it was. */
function introduce(peer: PeerListener, taken: number): void {
  peer.connected({ send: () => {}, sendBytes: () => {} }, 1);
  peer.received({ ready: {} });
  const step = BOX_BYTES - BOX.ringOffset;
  for (let at = Math.min(step, taken); at > 0; at = at < taken ? Math.min(at + step, taken) : 0) {
    peer.received({ report: { ...NOTHING_NEW, position: at } });
  }
}
