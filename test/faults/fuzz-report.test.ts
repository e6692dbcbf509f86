/** Reports of a host that a module has overwritten, while a good host serves in the same core. */

import Long from 'long';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandshakeError } from '../../src/errors.js';
import { Ledger } from '../../src/supervisor/calls/ledger.js';
import type { CallAnswer, PendingCall } from '../../src/supervisor/calls/pending-call.js';
import { decodeHostFrame, type Log, type Sent } from '../../src/wire/codec.js';
import { mesibo } from '../../src/wire/generated/module.js';
import { ADDRESS_MAX_BYTES, type WireParams } from '../../src/wire/params.js';
import { decodeReport, type Report, reportOf } from '../../src/wire/report.js';
import { fixtureModule, startCore, type TestCore } from '../e2e/core.js';
import { makeCall } from '../helpers/calls.js';
import { seeded } from '../helpers/random.js';
import { logRecord, record, resultRecord, sendRecord } from '../unit/wire/records.js';

const MUTATIONS = process.env.MESIBO_TEST_FULL ? 10_000_000 : 250_000;
/** After so many the good host is given a message, and everything else has a turn. */
const ROUND = 10_000;
/** A thousand times what the longest of them takes. */
const ENDLESS_MS = 2000;

const RING = 64 * 1024;
const TAKEN = 4096;
const MAX_MESSAGE = 1000;
const CALLS = 6;
type Next = (below: number) => number;
const pick = <T>(next: Next, from: readonly T[]): T => from[next(from.length)] as T;

/** What a host reports that serves: every kind of record. */
function makeFrame(next: Next): Buffer {
  const parts: Buffer[] = [];
  let at = TAKEN;
  const block = { scalars: [1n, 2n ** 64n - 1n], to: Buffer.from('bob'), from: Buffer.alloc(next(30), 'a') };
  const kinds: ((seq: number) => Buffer)[] = [
    (seq) => resultRecord(at, seq, 1, 0),
    (seq) => resultRecord(at, seq, -1, 4),
    (seq) => resultRecord(at, seq, 0, 3, { ...block, payload: Buffer.alloc(5, 'y') }),
    () => sendRecord(at, { ...block, payload: Buffer.alloc(next(100), 'z') }),
    () => logRecord(at, 3, Buffer.alloc(next(50), 'l')),
    () => record(at, Buffer.alloc(0), 8 * (2 + next(8))),
  ];
  for (let seq = 1; seq <= CALLS; seq++) {
    parts.push(pick(next, kinds)(seq));
    at += (parts.at(-1) as Buffer).length;
  }
  const long = (value: number) => Long.fromNumber(value, true);
  const report = { start: long(TAKEN), ring: Buffer.concat(parts), position: long(at), limitedLogs: long(next(9)) };
  return Buffer.from(mesibo.modules.v1.HostFrame.encode({ report }).finish());
}

/** Bytes that mean something: tags of known fields, groups, lengths, the first bytes of long numbers. */
const TELLING = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x62, 0x6a, 0x09, 0x0b, 0x0c, 0x7d,
];
const NUMBERS = [0n, 8n, 4088n, 4104n, 2n ** 31n, 2n ** 32n - 8n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 8n];

const DAMAGE: ((frame: Buffer, next: Next) => Buffer)[] = [
  (frame, next) => {
    const at = next(frame.length);
    frame[at] = (frame[at] as number) ^ (1 << next(8));
    return frame;
  },
  (frame, next) => {
    frame[next(frame.length)] = pick(next, TELLING);
    return frame;
  },
  (frame, next) => frame.subarray(0, next(frame.length)),
  // Something stands there twice, is missing, or is somewhere else.
  (frame, next) => {
    const [at, length] = [next(frame.length), next(64)];
    frame.copy(frame, next(frame.length), at, at + length);
    return frame;
  },
  (frame, next) => {
    const [at, length] = [next(frame.length), next(16)];
    frame.copyWithin(at, at + length);
    return frame.subarray(0, Math.max(at, frame.length - length));
  },
  // A position, a size or a number of its own.
  (frame, next) => {
    if (frame.length >= 8) frame.writeBigUInt64LE(pick(next, NUMBERS), next(frame.length - 7));
    return frame;
  },
  // Fields that nobody knows, at the end of the frame or within it; groups within groups.
  (frame, next) => {
    const field = pick(next, ['7800', '7b7c', '7a00', '7d00000000', '7b', '7bffff7c', '780a']);
    const many = Buffer.alloc(next(next(20) === 0 ? 20_000 : 40), field, 'hex');
    const at = pick(next, [frame.length, next(frame.length), 2]);
    return Buffer.concat([frame.subarray(0, at), many, frame.subarray(at)]);
  },
];

/** What a ledger made of a report. */
interface Taken {
  answered: [PendingCall, CallAnswer | null][];
  sent: Sent[];
  logs: Log[];
  problems: string[];
}

const calls = Array.from({ length: CALLS }, () => makeCall({ message: { payload: Buffer.alloc(5, 'x') } }, 1e12));
const evidence = {
  ringSize: RING,
  notes: { begin: () => {}, handedOn: () => {}, reach: () => {} },
  payloads: null,
  closeSends: () => {},
  readHeader: () => null,
  readCrashNote: () => 'none' as const,
  readRing: () => 0,
};
const peer = { send: () => {}, sendBytes: () => {} };

function take(report: Report): Taken {
  const taken: Taken = { answered: [], sent: [], logs: [], problems: [] };
  const ledger = new Ledger(
    evidence,
    { window: CALLS, maxMessageBytes: MAX_MESSAGE, logRate: null, crashBody: 'last' },
    {
      answered: (pending, answer) => taken.answered.push([pending, answer]),
      sent: (sent) => taken.sent.push(sent),
      logged: (log) => taken.logs.push(log),
      dropped: () => {},
      refusedSends: () => {},
      distrusted: (problem) => taken.problems.push(problem),
    },
  );
  ledger.connect(peer);
  ledger.report({ ...report, start: 0, ring: Buffer.alloc(0), position: TAKEN }, 0);
  for (const call of calls) ledger.call(call, 0);
  ledger.report(report, 0);
  ledger.settle(null, false);
  return taken;
}

/** A result that a core must never make of a report, whatever its content; `null`: there is none. */
function findProblem(report: Report, { answered, sent, logs, problems }: Taken): string | null {
  if (new Set(answered.map(([call]) => call)).size !== answered.length) return 'a call was answered twice';
  for (const [, answer] of answered) {
    if (answer?.payload && answer.payload.length !== 5) return `a payload has ${answer.payload.length} bytes`;
    if (findAddressProblem(answer?.params)) return 'an answer with an impossible address';
  }
  for (const { params, payload } of sent) {
    if ((payload?.length ?? 0) > MAX_MESSAGE) return `a message of ${payload?.length} bytes was sent`;
    if (findAddressProblem(params)) return 'a message with an impossible address';
  }
  if (logs.some(({ text }) => (text?.length ?? 0) > report.ring.length)) return 'a line is longer than its report';
  const isPossible = report.position >= TAKEN && report.position - TAKEN <= RING;
  return isPossible || problems.length > 0 ? null : 'an impossible position was believed';
}

function findAddressProblem(params: WireParams | null | undefined): boolean {
  return [params?.to, params?.from].some(
    (address) => address && (address.length > ADDRESS_MAX_BYTES || Buffer.from(address).includes(0)),
  );
}

/** Decodes it in both ways, which must agree; `null`: it is refused. */
function decode(frame: Buffer): Report | null {
  const byHand = decodeReport(frame);
  if (byHand !== null) {
    const generated = mesibo.modules.v1.HostFrame.decode(frame).report;
    if (!generated) throw new Error('the generated decoder sees no report');
    const { ring, ...numbers } = reportOf(generated);
    const { ring: ringByHand, ...numbersByHand } = byHand;
    expect(numbersByHand).toEqual(numbers);
    if (!ring.equals(ringByHand)) throw new Error('the generated decoder sees other records');
    return byHand;
  }
  try {
    return decodeHostFrame(frame).report ?? null;
  } catch (error) {
    if (error instanceof HandshakeError) return null;
    throw error;
  }
}

let core: TestCore;
beforeAll(async () => {
  core = await startCore([fixtureModule('echo-params')]);
});
afterAll(() => core.supervisor.stop());

describe('the report of a host', () => {
  it('undamaged, is believed', () => {
    for (let seed = 0; seed < 500; seed++) {
      const frame = makeFrame(seeded(seed));
      const report = decode(frame);
      if (!report) throw new Error(`seed ${seed}: no report`);
      const { problems, answered, sent, logs } = take(report);
      expect(problems).toEqual([]);
      expect(answered.length + sent.length + logs.length).toBeLessThanOrEqual(CALLS);
    }
  });

  it(`damaged, is refused or read within its bounds, ${MUTATIONS} times, and a good host serves meanwhile`, async () => {
    const frames = Array.from({ length: 64 }, (_, seed) => makeFrame(seeded(seed)));
    const counts = { refused: 0, distrusted: 0, believed: 0 };
    for (let seed = 0; seed < MUTATIONS; seed++) {
      const next = seeded(seed);
      let frame = Buffer.from(pick(next, frames));
      for (let i = 1 + next(3); i > 0 && frame.length > 0; i--) frame = Buffer.from(pick(next, DAMAGE)(frame, next));
      const beganMs = performance.now();
      const problem = attempt(seed, () => bury(frame, counts));
      if (problem) throw new Error(`seed ${seed}: ${problem}`);
      if (performance.now() - beganMs > ENDLESS_MS) throw new Error(`seed ${seed} took too long`);
      if (seed % ROUND > 0) continue;
      await new Promise(setImmediate);
      const { trace } = await core.send('ping');
      expect(trace).toMatchObject([{ default: null }]);
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(MUTATIONS / 50);
  }, 3_600_000);
});

function bury(frame: Buffer, counts: { refused: number; distrusted: number; believed: number }): string | null {
  const report = decode(frame);
  if (report === null) {
    counts.refused += 1;
    return null;
  }
  const taken = take(report);
  counts[taken.problems.length > 0 ? 'distrusted' : 'believed'] += 1;
  return findProblem(report, taken);
}

function attempt<T>(seed: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`seed ${seed} threw`, { cause });
  }
}
