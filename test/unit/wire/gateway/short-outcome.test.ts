import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameOut } from '../../../../src/wire/gateway/protobuf/frame-out.js';
import { readCoreFrame } from '../../../../src/wire/gateway/protobuf/read-core-frame.js';
import { readShortOutcome } from '../../../../src/wire/gateway/protobuf/read-short-outcome.js';
import { writeCoreFrame } from '../../../../src/wire/gateway/protobuf/write-core-frame.js';
import { among } from './among.js';
import { coreFrame } from './arbitraries.js';

/** Frames of which a good part are outcomes that change nothing. */
const frames = fc.tuple(coreFrame, fc.boolean()).map(([frame, isBare]) => {
  if (frame.kind !== 'outcome' || !isBare) return frame;
  const bare = { params: null, payload: null, trace: [], failure: null, defaultReason: null, defaultBy: null };
  return { ...frame, ...bare };
});

it('a short outcome equals the whole one, and no other frame is short', () => {
  let shorts = 0;
  fc.assert(
    fc.property(frames, (frame) => {
      const out = new FrameOut();
      writeCoreFrame(out, frame);
      const bytes = Buffer.from(out.take().subarray(4));
      const short = among(bytes, readShortOutcome);
      const whole = readCoreFrame(bytes);
      if (short === null) return;
      shorts += 1;
      expect(whole).toMatchObject({ kind: 'outcome', params: null, payload: null, trace: [], failure: null });
      if (whole?.kind !== 'outcome') return;
      expect(whole.defaultReason ?? whole.defaultBy).toBeNull();
      expect(short).toEqual({ low: Number(whole.id & 0xffffffffn), by: whole.by });
      expect(whole.verdict).toBe(short.by === null ? 'pass' : 'consumed');
    }),
    { numRuns: 2000 },
  );
  expect(shorts).toBeGreaterThan(5);
});

it.each([
  ['0209', null],
  ['1209090100000000000000', { low: 1, by: null }],
  ['120909ffffffff00000000', { low: 0xffffffff, by: null }],
  ['120f09010000000000000010011a0161', null],
  ['120e09010000000000000010011a0161', { low: 1, by: 'a' }],
  ['120b090100000000000000' + '1001', null],
  ['120c090100000000000000' + '1a0161', null],
  ['1a09090100000000000000', null],
])('%s', (hex, expected) => {
  expect(among(Buffer.from(hex, 'hex'), readShortOutcome)).toEqual(expected);
});
