import { describe, expect, it } from 'vitest';
import { Origins } from '../../../../src/supervisor/calls/origins.js';

const of = (seq: number) => ({ server: 'a', eventId: BigInt(seq), hops: 0 });

describe('the origins of calls', () => {
  it('are those of the calls given last, however many there were', () => {
    const origins = new Origins(256);
    for (let seq = 1; seq <= 10_000; seq++) origins.remember(seq, of(seq));
    for (let seq = 10_000; seq > 10_000 - 256; seq--) expect(origins.find(seq)).toEqual(of(seq));
    expect(origins.find(10_000 - 256)).toBeNull();
    expect([origins.find(0), origins.find(10_001), origins.find(2 ** 60)]).toEqual([null, null, null]);
  });

  it('are known for each of a few, whatever the calls between them', () => {
    const origins = new Origins(256);
    const seqs = [1, 65, 129, 193, 200];
    for (const seq of seqs) origins.remember(seq, of(seq));
    expect(seqs.map((seq) => origins.find(seq))).toEqual(seqs.map(of));
    expect(origins.find(2)).toBeNull();
  });

  it('are those of events without an id too', () => {
    const origins = new Origins(256);
    const given = (seq: number) => ({ server: 'a', eventId: seq % 2 === 0 ? null : 0n, hops: 1 });
    for (let seq = 1; seq <= 200; seq++) origins.remember(seq, given(seq));
    for (let seq = 1; seq <= 200; seq++) expect(origins.find(seq)).toEqual(given(seq));
  });

  it('of newer calls stay when an older one is answered late', () => {
    const origins = new Origins(64);
    origins.remember(65, of(65));
    origins.remember(1, of(1));
    expect([origins.find(65), origins.find(1)]).toEqual([of(65), null]);
  });
});
