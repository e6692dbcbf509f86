import { describe, expect, it } from 'vitest';
import {
  findRecordsProblem,
  findReportProblem,
  findResultProblem,
  findSentProblem,
} from '../../../../src/supervisor/calls/verify.js';
import type { WireParams } from '../../../../src/wire/params.js';
import { type EventParts, makeEvent } from '../../../helpers/calls.js';

const report = { start: 0, ring: Buffer.alloc(0), position: 0, droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };
const at = (position: number) => ({ ...report, position });
const message: EventParts = { message: { payload: Buffer.alloc(5) } };
const long = { to: Buffer.alloc(65537, 'x') };

describe('a position', () => {
  it.each([
    [100, 100, null],
    [100, 1100, null],
    [100, 99, 'it reported the black-box position 99 after 100'],
    [100, 1101, 'it reported the black-box position 1101 after 100'],
  ])('after %d may be %d: %s', (taken, position, problem) => {
    expect(findReportProblem(at(position), taken, 1000)).toBe(problem);
  });

  it('may not be missing later on, or exceed every number', () => {
    expect(findReportProblem(report, 8, 1000)).toMatch(/position 0 after 8/);
    expect(findReportProblem(at(2 ** 64), 8, 1000)).toMatch(/after 8/);
  });

  it.each([
    [100, 0, null],
    [100, 16, null],
    [184, 16, null],
    [92, 16, 'it reported 16 bytes of the black-box position 92 between 100 and 200'],
    [192, 16, 'it reported 16 bytes of the black-box position 192 between 100 and 200'],
    [2 ** 64, 16, 'it reported 16 bytes of the black-box position 18446744073709552000 between 100 and 200'],
  ])('of records from %d on, %d bytes, between 100 and 200: %s', (start, length, problem) => {
    expect(findReportProblem({ ...at(200), start, ring: Buffer.alloc(length) }, 100, 1000)).toBe(problem);
  });

  it('with bytes that are not a record is reported', () => {
    const reported = { ...at(200), start: 120, ring: Buffer.alloc(80) };
    expect(findRecordsProblem(reported, 0)).toBeNull();
    const problem = 'of the 80 bytes that it reported of the black-box position 120, 8 are no record';
    expect(findRecordsProblem(reported, 8)).toBe(problem);
  });
});

describe('a result', () => {
  it.each<[string, EventParts, { params?: WireParams; payload?: Uint8Array }, string | null]>([
    ['unchanged', message, {}, null],
    ['changed in place', message, { payload: Buffer.alloc(5) }, null],
    ['longer', message, { payload: Buffer.alloc(6) }, 'it changed a message of 5 bytes to 6'],
    ['shorter', message, { payload: Buffer.alloc(0) }, 'it changed a message of 5 bytes to 0'],
    ['a payload for a call', { call: {} }, { payload: Buffer.alloc(1) }, 'it changed a message of 0 bytes to 1'],
    ['an address that is too long', message, { params: long }, 'it gave an address of 65537 bytes'],
    ['an address as long as it may be', message, { params: { from: Buffer.alloc(65536, 'x') } }, null],
    ['an address with a NUL', message, { params: { to: Buffer.from('a\0') } }, 'it gave an address with a NUL inside'],
  ])('that is %s', (_, event, result, problem) => {
    expect(findResultProblem(makeEvent(event), result.params ?? null, result.payload ?? null)).toBe(problem);
  });
});

it.each([
  [{}, null],
  [{ payload: Buffer.alloc(10) }, null],
  [{ payload: Buffer.alloc(11) }, 'it sent a message of 11 bytes'],
  [{ params: long }, 'it gave an address of 65537 bytes'],
])('a message that was sent (%#)', (sent, problem) => {
  expect(findSentProblem({ params: {}, payload: Buffer.alloc(0), ...sent }, 10)).toBe(problem);
});
