/** The two ends of a black box: the shim as it is built writes, the core reads. */

import { randomBytes } from 'node:crypto';
import { openSync } from 'node:fs';
import koffi from 'koffi';
import Long from 'long';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYOUTS } from '../../../src/host-runner/abi/index.js';
import { encodeLayout } from '../../../src/host-runner/abi/layout.js';
import { Reports } from '../../../src/host-runner/reports.js';
import { ACCEPTED, BATCH, loadShim, PHASE, type Shim } from '../../../src/host-runner/shim.js';
import { SHIM_LIBRARY } from '../../../src/paths.js';
import { type BoxFile, makeBox } from '../../../src/supervisor/runner/local/black-box/box-file.js';
import { encodeCoreFrame } from '../../../src/wire/codec.js';
import { decodeReport } from '../../../src/wire/report.js';
import { EXPECTED_LAYOUT } from '../../helpers/box-layout.js';
import { collect, collectRecords } from '../../unit/wire/records.js';

const GENERATION = 7;
const MAX_MESSAGE = 64 * 1024;
let shim: Shim;
let box: BoxFile;
let mesiboLog: (module: null, level: number, format: string) => number;

beforeAll(() => {
  shim = loadShim();
  box = makeBox(
    '/dev/shm',
    { runId: randomBytes(8).toString('hex'), module: 'm', generation: GENERATION },
    2 * 1024 * 1024,
  );
  // The shim closes the descriptor that it is given: the core's stays open, as it does across a spawn.
  expect(shim.openBox(openSync(`/proc/self/fd/${box.fd}`, 'r+'))).toBe(0);
  shim.setMaxMessage(MAX_MESSAGE);
  mesiboLog = koffi.load(SHIM_LIBRARY).func('int64_t mesibo_log(void *module, uint64_t level, str format)');
});
afterAll(() => box.close());

function acknowledge(position: number): void {
  const frame = Buffer.from(encodeCoreFrame({ batch: { acknowledged: Long.fromNumber(position, true) } }));
  expect(shim.accept(frame, frame.length, new Uint32Array(BATCH.words))).toBe(ACCEPTED.batch);
}

const readAll = (from: number) => collect((sink) => box.readRing(from, box.readHeader()?.head ?? 0, sink)).entries;
const linesOf = (entries: { log?: { text?: Uint8Array | null } | null }[]) =>
  entries.map(({ log }) => Buffer.from(log?.text ?? []).toString());

describe('the built shim', () => {
  it('has the layout that the core reads', () => {
    const layout = new Uint32Array(128);
    const count = shim.layout(layout, layout.length);
    expect([...layout.subarray(0, count)]).toEqual(EXPECTED_LAYOUT);
  });

  it.each(['table', 'exports-2020'] as const)('takes the layout of %s, and no other size', (abi) => {
    const layout = encodeLayout(LAYOUTS[abi]);
    expect(shim.setAbi(layout, layout.length)).toBe(0);
    expect(shim.setAbi(layout, layout.length - 4)).toBe(-1);
  });

  it('refuses a file that is not a box', () => {
    expect(shim.openBox(openSync('/dev/null', 'r+'))).toBeLessThan(0);
    expect(shim.openBox(999_999)).toBeLessThan(0);
  });
});

describe('a record that the shim writes', () => {
  it('is seen by the core at once, as are the phase and the head', () => {
    expect(box.readHeader()).toMatchObject({ head: 0, phase: 'booting', currentSeq: 0 });
    shim.setPhase(PHASE.serving);
    expect(mesiboLog(null, 3, 'the last words')).toBe(0);
    const header = box.readHeader();
    expect(header).toMatchObject({ phase: 'serving', droppedLogs: 0 });
    const entries = readAll(0);
    expect(linesOf(entries)).toEqual(['the last words']);
    expect(entries[0]?.log?.level).toBe(3);
  });

  it('is the same for the host that drains and for the core that reads behind it, through many laps of the ring', () => {
    const reports = new Reports(shim);
    let reported = 0;
    let line = 0;
    while (reported < 3 * box.ringSize) {
      const expected: string[] = [];
      for (let i = 0; i < 100; i++) {
        expected.push(`line ${line} ${'x'.repeat(line % 997)}`);
        mesiboLog(null, 0, expected.at(-1) as string);
        line += 1;
      }
      // The core's view, as after a death now; then the host's.
      const recovered = linesOf(readAll(reported)).slice(-100);
      expect(recovered).toEqual(expected);
      const drained: string[] = [];
      for (let frame = reports.next(); frame !== null; frame = reports.next()) {
        const report = decodeReport(frame);
        if (!report) throw new Error(`no report: ${frame.toString('hex')}`);
        expect(report).toMatchObject({ start: reported, position: reported + report.ring.length });
        const { entries, skippedBytes } = collectRecords(report.ring, report.start);
        expect(skippedBytes).toBe(0);
        drained.push(...linesOf(entries));
        reported = report.position;
      }
      expect(drained.slice(-100)).toEqual(expected);
      acknowledge(reported);
    }
  });

  it('never overwrites one that the core has not acknowledged: lines are then dropped and counted', () => {
    const long = 'y'.repeat(60_000);
    for (let i = 0; i < 100; i++) mesiboLog(null, 0, long);
    const dropped = box.readHeader()?.droppedLogs ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(100);
    expect(decodeReport(new Reports(shim).next() as Buffer)?.droppedLogs).toBe(dropped);
  });
});
