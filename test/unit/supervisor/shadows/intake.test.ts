import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../../src/supervisor/calls/conversation.js';
import type { AnswerTaker, CallAnswer } from '../../../../src/supervisor/calls/pending-call.js';
import { Intake } from '../../../../src/supervisor/shadows/intake.js';
import { ShadowTally } from '../../../../src/supervisor/shadows/shadow-tally.js';
import { Watchers } from '../../../../src/supervisor/shadows/watchers.js';
import { CallEvent } from '../../../../src/wire/call-event.js';

const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };

/** A primary with one shadow, whose turns are made by hand. */
class Scene {
  readonly turns: (() => void)[] = [];
  readonly offered: { text: string; taker: AnswerTaker }[] = [];
  readonly answers: [text: string, answer: CallAnswer][] = [];
  readonly tally = new ShadowTally();
  readonly watchers: Watchers;
  hasCallback = true;
  desired: 'up' | 'down' = 'up';
  nowMs = 0;
  /** What each offer takes. */
  offerMs = 0;

  constructor(queue = 8192, limitBytes = 1_000_000) {
    const scene = this;
    const shadow = {
      spec: { deadlineMs: 1000, queue },
      get desired() {
        return scene.desired;
      },
      wants: () => this.hasCallback,
      admits: (event: CallEvent) => !event.payload.toString().startsWith('filtered'),
      offer: (
        event: CallEvent,
        _deadlineMs: number,
        _nowMs: number,
        _conversation: Conversation,
        taker: AnswerTaker,
      ) => {
        this.nowMs += this.offerMs;
        this.offered.push({ text: event.payload.toString(), taker });
      },
    };
    const intake = new Intake(shadow, {
      limitBytes: () => limitBytes,
      later: (run) => void this.turns.push(run),
      now: () => this.nowMs,
    });
    this.watchers = new Watchers([{ intake, tally: this.tally }]);
  }

  watch(text: string): AnswerTaker {
    const event = CallEvent.message({ from: 'a', to: 'b' }, Buffer.from(text));
    const taker = { answered: (answer: CallAnswer) => void this.answers.push([text, answer]) };
    return this.watchers.watch(event, 0, Conversation.ofEvent(event), taker);
  }

  /** Makes turns until none is due. */
  settle(): void {
    while (this.turns.length > 0) this.turn();
  }

  turn(): void {
    for (const run of this.turns.splice(0)) run();
  }
}

describe('what a shadow is offered', () => {
  it('comes two turns after the answer of its primary, in order, and that answer waits for nothing', () => {
    const scene = new Scene();
    const primary = scene.watch('zero');
    for (const text of ['one', 'two', 'three']) scene.watch(text).answered(PASS, 5);
    expect(scene.answers.map(([text]) => text)).toEqual(['one', 'two', 'three']);
    scene.turn();
    expect(scene.offered).toEqual([]);
    scene.turn();
    expect(scene.offered.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    primary.answered(PASS, 6);
    scene.turn();
    scene.turn();
    expect(scene.offered.at(-1)?.text).toBe('zero');
    expect(scene.tally.totals.agreed).toBe(0);
    scene.offered[1]?.taker.answered({ ...PASS, verdict: 'consumed' }, 9);
    scene.offered[0]?.taker.answered(PASS, 9);
    expect(scene.tally.totals).toMatchObject({ agreed: 1, otherVerdict: 1 });
  });

  it('comes in pieces, so that others have their turn', () => {
    const scene = new Scene();
    for (let i = 0; i < 200; i++) scene.watch(String(i)).answered(PASS, 1);
    scene.turn();
    const seen: number[] = [];
    while (scene.turns.length > 0) {
      scene.turn();
      seen.push(scene.offered.length);
      if (seen.length === 2) scene.watch('200').answered(PASS, 1);
    }
    expect(seen).toEqual([64, 128, 192, 201]);
    expect(scene.offered.map(({ text }) => Number(text))).toEqual(Array.from({ length: 201 }, (_, i) => i));
  });

  it('ends a turn when the time of a turn is over', () => {
    const scene = new Scene();
    scene.offerMs = 0.9;
    for (let i = 0; i < 7; i++) scene.watch(String(i)).answered(PASS, 1);
    scene.turn();
    const seen: number[] = [];
    while (scene.turns.length > 0) {
      scene.turn();
      seen.push(scene.offered.length);
    }
    expect(seen).toEqual([3, 6, 7]);
  });

  it('is skipped when too many wait, or too many bytes; one always finds room', () => {
    const many = new Scene(5);
    for (let i = 0; i < 1100; i++) many.watch('x').answered(PASS, 1);
    expect(many.tally.totals.skipped.overload).toBe(1100 - 1024);
    expect(many.answers).toHaveLength(1100);
    const heavy = new Scene(8192, 100);
    for (let i = 0; i < 3; i++) heavy.watch('x'.repeat(200)).answered(PASS, 1);
    expect(heavy.tally.totals.skipped.overload).toBe(2);
    heavy.settle();
    expect(heavy.offered).toHaveLength(1);
    heavy.offered[0]?.taker.answered(PASS, 2);
    heavy.watch('x'.repeat(200)).answered(PASS, 1);
    expect(heavy.tally.totals.skipped.overload).toBe(2);
  });

  it('counts what the primary made of it until the shadow has answered: a shadow that hangs must not fill the memory', () => {
    const scene = new Scene(8192, 10_000);
    const large = () => ({ ...PASS, payload: Buffer.alloc(4_000) });
    for (let i = 0; i < 5; i++) {
      scene.watch('x').answered(large(), 1);
      scene.settle();
    }
    expect([scene.offered.length, scene.tally.totals.skipped.overload]).toEqual([2, 3]);
    // Each answer gives room, and only once.
    for (const answer of [PASS, { ...PASS, default: 'deadline' as const }]) scene.offered[0]?.taker.answered(answer, 2);
    for (let i = 0; i < 2; i++) scene.watch('x').answered(large(), 3);
    scene.settle();
    expect([scene.offered.length, scene.tally.totals.skipped.overload]).toEqual([3, 4]);
    expect(scene.tally.totals).toMatchObject({ otherChanges: 1, defaulted: { deadline: 0 } });
  });

  it('gives room again when the shadow is not to have it', () => {
    const scene = new Scene(8192, 10_000);
    for (const text of ['filtered 1', 'filtered 2', 'filtered 3']) {
      scene.watch(text).answered({ ...PASS, payload: Buffer.alloc(9_000) }, 1);
      scene.settle();
    }
    expect(scene.tally.totals.skipped.overload).toBe(0);
  });

  it('is compared only if its primary was offered it after the last reset', () => {
    const scene = new Scene();
    const [early, late, skipped] = ['early', 'late', 'x'].map((text) => scene.watch(text));
    late?.answered(PASS, 1);
    scene.settle();
    scene.tally.reset(0);
    early?.answered({ ...PASS, verdict: 'consumed' }, 2);
    scene.settle();
    for (const { taker } of scene.offered) taker.answered(PASS, 3);
    for (let i = 0; i < 8192; i++) scene.watch('fill').answered(PASS, 3);
    skipped?.answered(PASS, 3);
    const { totals, examples } = scene.tally.report('b', 'a', 0);
    expect([totals.agreed, totals.otherVerdict, totals.skipped.overload, examples]).toEqual([0, 0, 0, []]);
    expect(scene.tally.totals).toMatchObject({ agreed: 1, otherVerdict: 1, skipped: { overload: 1 } });
  });

  it('is down where the shadow is stopped, also without a callback', () => {
    const scene = new Scene();
    scene.hasCallback = false;
    scene.desired = 'down';
    scene.watch('one').answered(PASS, 1);
    scene.settle();
    expect(scene.tally.totals).toMatchObject({ agreed: 0, skipped: { down: 1 } });
  });

  it('is left out by the settings of the shadow, with or without a callback', () => {
    const scene = new Scene();
    scene.hasCallback = false;
    scene.watch('filtered').answered(PASS, 1);
    scene.settle();
    expect(scene.tally.totals.agreed).toBe(0);
  });

  it('passes where the shadow has no callback, as it would in the chain', () => {
    const scene = new Scene();
    scene.hasCallback = false;
    scene.watch('one').answered({ ...PASS, verdict: 'consumed' }, 1);
    scene.turn();
    scene.turn();
    expect([scene.offered.length, scene.tally.totals.otherVerdict]).toEqual([0, 1]);
  });

  it('is nothing where the settings of the shadow leave the event out', () => {
    const scene = new Scene();
    for (const text of ['filtered', 'one']) scene.watch(text).answered(PASS, 1);
    scene.turn();
    scene.turn();
    expect(scene.offered.map(({ text }) => text)).toEqual(['one']);
    expect(scene.tally.totals).toMatchObject({ agreed: 0, skipped: { overload: 0 } });
  });

  it('keeps origin and fate of the call for who asked', () => {
    const { watchers } = new Scene();
    const told: boolean[] = [];
    const origin = { server: 's', eventId: 1n, hops: 0 };
    const taker = { origin, answered: () => undefined, given: (was: boolean) => void told.push(was) };
    const event = CallEvent.empty('call');
    const watched = watchers.watch(event, 0, Conversation.ofCalls, taker);
    watched.given?.(true);
    expect([watched.origin, told]).toEqual([origin, [true]]);
  });
});
