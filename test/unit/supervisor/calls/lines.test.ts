import { beforeEach, describe, expect, it } from 'vitest';
import { Lines, Place } from '../../../../src/supervisor/calls/lines.js';

let lines: Lines;
let left: string[];
beforeEach(() => {
  lines = new Lines();
  left = [];
});

function join(name: string, conversation = 'us') {
  const place = lines.join(new Place(conversation));
  const done = (then = () => {}) =>
    lines.leave(place, () => {
      left.push(name);
      then();
    });
  return { done };
}

describe('lines', () => {
  it('let leave in the order of joining, whoever is done first', () => {
    const [a, b, c] = [join('a'), join('b'), join('c')];
    c.done();
    b.done();
    expect([left, lines.held, lines.has('us')]).toEqual([[], 2, true]);
    a.done();
    expect([left, lines.held, lines.has('us')]).toEqual([['a', 'b', 'c'], 0, false]);
  });

  it('do not hold up other conversations', () => {
    join('a');
    join('b', 'them').done();
    expect(left).toEqual(['b']);
  });

  it('keep the order for who joins, or is done, while somebody leaves', () => {
    const [a, b] = [join('a'), join('b')];
    a.done(() => {
      join('c').done();
      b.done();
      expect(left).toEqual(['a']);
    });
    expect([left, lines.has('us'), lines.held]).toEqual([['a', 'b', 'c'], false, 0]);
  });

  it('tell who becomes the first and is not done', () => {
    class Told extends Place {
      override becameFirst(): void {
        left.push('first');
      }
    }
    const a = join('a');
    lines.join(new Told('us'));
    a.done();
    expect(left).toEqual(['a', 'first']);
  });
});
