import { beforeEach, describe, expect, it } from 'vitest';
import { Lines, Place } from '../../../../src/supervisor/calls/lines.js';
import { conversation as conversationOf } from '../../../helpers/calls.js';

let lines: Lines;
let left: string[];
beforeEach(() => {
  lines = new Lines();
  left = [];
});

class Guest extends Place {
  leaving: () => void = () => {};
  constructor(
    readonly name: string,
    conversation: string,
  ) {
    super(conversationOf(conversation));
  }
  override go(): void {
    left.push(this.name);
    this.leaving();
  }
}

function join(name: string, conversation = 'us') {
  const guest = lines.join(new Guest(name, conversation));
  const done = (then = () => {}) => {
    guest.leaving = then;
    lines.leave(guest, 0);
  };
  return { done };
}

describe('lines', () => {
  it('let calls leave in the order of joining, whichever is done first', () => {
    const [a, b, c] = [join('a'), join('b'), join('c')];
    c.done();
    b.done();
    expect([left, lines.held, lines.has(conversationOf('us'))]).toEqual([[], 2, true]);
    a.done();
    expect([left, lines.held, lines.has(conversationOf('us'))]).toEqual([['a', 'b', 'c'], 0, false]);
  });

  it('do not hold up other conversations', () => {
    join('a');
    join('b', 'them').done();
    expect(left).toEqual(['b']);
  });

  it('keep the order for calls that join or are done while another one leaves', () => {
    const [a, b] = [join('a'), join('b')];
    a.done(() => {
      join('c').done();
      b.done();
      expect(left).toEqual(['a']);
    });
    expect([left, lines.has(conversationOf('us')), lines.held]).toEqual([['a', 'b', 'c'], false, 0]);
  });

  it('tell a call that is not done when it becomes the first', () => {
    class Told extends Guest {
      override becameFirst(): void {
        left.push('first');
      }
    }
    const a = join('a');
    lines.join(new Told('b', 'us'));
    a.done();
    expect(left).toEqual(['a', 'first']);
  });

  it('are kept apart however many there are, and leave nothing behind', () => {
    const names = Array.from({ length: 2000 }, (_, i) => `${i}`);
    const first = names.map((name) => join(name, name));
    const second = names.map((name) => join(`${name}'`, name));
    for (const { done } of second) done();
    expect([left, lines.held]).toEqual([[], 2000]);
    for (const { done } of first.reverse()) done();
    expect(left).toEqual(names.reverse().flatMap((name) => [name, `${name}'`]));
    expect(names.filter((name) => lines.has(conversationOf(name)))).toEqual([]);
  });
});
