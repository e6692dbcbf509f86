import { describe, expect, it } from 'vitest';
import type { CallAnswer } from '../../../../src/supervisor/calls/pending-call.js';
import { eraOfNow, ShadowTally } from '../../../../src/supervisor/shadows/shadow-tally.js';
import type { DefaultReason } from '../../../../src/supervisor/types.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { toWireParams } from '../../../../src/wire/params.js';

const message = (text: string | Buffer, from = 'alice') =>
  CallEvent.message({ from, to: 'bob', id: 7 }, Buffer.from(text as string));
const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
const CONSUMED: CallAnswer = { ...PASS, verdict: 'consumed' };
const by = (reason: DefaultReason): CallAnswer => ({ ...PASS, default: reason });

function answered(tally: ShadowTally, primary: CallAnswer, shadow: CallAnswer, event = message('x'), nowMs = 0): void {
  tally.answered({ era: eraOfNow(), event, primary, primaryMicros: 100, shadow, shadowMicros: 1000 }, nowMs);
}

describe('what is counted of a shadow', () => {
  it('puts each message in one place, whatever both answered', () => {
    const tally = new ShadowTally();
    answered(tally, PASS, PASS);
    answered(tally, PASS, CONSUMED);
    answered(tally, PASS, { ...PASS, payload: Buffer.from('y') });
    answered(tally, by('deadline'), PASS);
    for (const reason of ['crash', 'hang', 'deadline', 'quarantine', 'overload', 'down'] as const) {
      answered(tally, PASS, by(reason));
      answered(tally, by('down'), by(reason));
    }
    tally.skipped(eraOfNow());
    expect(tally.totals).toMatchObject({
      agreed: 1,
      otherVerdict: 1,
      otherChanges: 1,
      primaryDefaulted: 1,
      defaulted: { crash: 2, hang: 2, deadline: 2, quarantine: 2 },
      skipped: { overload: 3, down: 2 },
    });
    const { compared, latencyMicros } = tally.report('b', 'a', 0);
    expect(compared).toBe(3);
    expect(latencyMicros.primary.p50).toBeLessThan(latencyMicros.shadow.p50 as number);
  });

  it('keeps the last twenty examples, and makes no more than one in ten milliseconds then', () => {
    const tally = new ShadowTally();
    for (let i = 0; i < 100; i++) answered(tally, PASS, CONSUMED, message(`m${i}`), i / 10);
    expect(tally.report('b', 'a', 0).examples.map(({ payload }) => payload?.text)).toEqual(
      Array.from({ length: 20 }, (_, i) => `m${i}`),
    );
    answered(tally, PASS, CONSUMED, message('later'), 50);
    const { examples, totals } = tally.report('b', 'a', 0);
    expect([examples.length, examples.at(-1)?.payload?.text, totals.otherVerdict]).toEqual([20, 'later', 101]);
  });

  it('cuts bodies and addresses, not within a character, and says what is no text', () => {
    const tally = new ShadowTally();
    answered(tally, PASS, CONSUMED, message(`${'x'.repeat(199)}\u00e9nd`, 'a'.repeat(60_000)));
    answered(tally, PASS, CONSUMED, message(Buffer.from([0xff, 0x00])));
    answered(tally, PASS, { ...PASS, params: toWireParams({ to: 'c'.repeat(50_000) }) });
    answered(tally, PASS, CONSUMED, message('x', `${'a'.repeat(99)}\u{1f600}b`));
    const [long, bytes, changed, pair] = tally.report('b', 'a', 0).examples;
    expect(pair?.from).toBe(`${'a'.repeat(99)}...`);
    expect(long?.payload).toEqual({ text: 'x'.repeat(199), bytes: 203 });
    expect(long?.from).toBe(`${'a'.repeat(100)}...`);
    expect(bytes?.payload).toEqual({ text: null, bytes: 2 });
    expect(changed).toMatchObject({
      primary: { params: { id: '7', to: 'bob', from: 'alice' } },
      shadow: { params: { id: '0', to: `${'c'.repeat(100)}...`, from: 'NULL' } },
    });
  });

  it('forgets bodies when they may not be kept any more', () => {
    const tally = new ShadowTally();
    answered(tally, PASS, { ...PASS, payload: Buffer.from('secret 2') }, message('secret'));
    tally.sent({ params: toWireParams({ to: 'x' }), payload: Buffer.from('secret'), position: 0, cause: null }, 0);
    expect(JSON.stringify(tally.report('b', 'a', 0))).toContain('secret');
    tally.keepBodies(false);
    answered(tally, PASS, CONSUMED, message('secret'));
    tally.sent({ params: {}, payload: Buffer.from('secret'), position: 0, cause: null }, 0);
    const report = tally.report('b', 'a', 0);
    expect(JSON.stringify(report)).not.toContain('secret');
    expect([report.examples.length, report.sends.length, report.keepsBodies]).toEqual([2, 2, false]);
  });

  it('begins at 0 after a reset, while its totals only grow', () => {
    const tally = new ShadowTally();
    answered(tally, PASS, CONSUMED);
    tally.sawOther(eraOfNow());
    tally.reset(5);
    expect(tally.report('b', 'a', 8)).toMatchObject({
      totals: { otherVerdict: 0, others: 0 },
      primarySends: 3,
      examples: [],
      latencyMicros: { primary: { p50: null }, shadow: { p99: null } },
    });
    expect(tally.totals).toMatchObject({ otherVerdict: 1, others: 1 });
    // What was offered before the reset is in the totals alone.
    const late = { event: message('x'), primary: PASS, primaryMicros: 1, shadow: CONSUMED, shadowMicros: 1 };
    tally.answered({ era: eraOfNow() - 1, ...late }, 0);
    expect(tally.totals.otherVerdict).toBe(2);
    expect(tally.report('b', 'a', 8)).toMatchObject({ compared: 0, totals: { otherVerdict: 0 }, examples: [] });
  });

  it('begins at 0 after a reset also where hosts live to which http was refused', () => {
    const tally = new ShadowTally();
    tally.totals.refusedHttp = 10;
    const refused = (byLiving: number) => tally.report('b', 'a', 0, byLiving).totals.refusedHttp;
    expect(refused(5)).toBe(15);
    tally.reset(0, 5);
    expect([refused(5), refused(7)]).toEqual([0, 2]);
    // They end.
    tally.totals.refusedHttp += 7;
    expect(refused(0)).toBe(2);
  });
});
