import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Glob } from '../../../src/filter/glob.js';
import { GlobSet } from '../../../src/filter/glob-set.js';
import { PatternError } from '../../../src/filter/pattern-error.js';

const matches = (pattern: string, text: string | Buffer): boolean => {
  // Among other bytes, as the text of an event stands in its memory.
  const inner = Buffer.from(text as string);
  const bytes = Buffer.concat([Buffer.from('[*a'), inner, Buffer.from('a*]')]);
  return new GlobSet([new Glob(pattern)]).matches(bytes, 3, 3 + inner.length);
};

/** Long parts with many sets may be refused. */
function isAllowed(pattern: string): boolean {
  try {
    return new GlobSet([new Glob(pattern)]).length === 1;
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

describe('a glob', () => {
  it.each([
    ['alice', 'alice', true],
    ['alice', 'alice2', false],
    ['alice', 'Alice', false],
    ['alice', '', false],
    ['*', '', true],
    ['**', 'anything', true],
    ['?*', '', false],
    ['bot-*', 'bot-', true],
    ['bot-*', 'bo', false],
    ['*@spam.example', 'a@spam.example', true],
    ['*@spam.example', '@spam.exampl', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*help*', 'please help me', true],
    ['*help*', 'HELP', false],
    ['*[hH][eE]lp*', 'HElp', true],
    ['*a?c*', 'xxabc', true],
    ['*a?c*', 'xxac', false],
    ['*ab*ab*', 'ab', false],
    ['*ab*ab*', 'abab', true],
    ['user-[0-9][0-9]', 'user-42', true],
    ['user-[0-9][0-9]', 'user-4x', false],
    ['[!a-c]', 'd', true],
    ['[!a-c]', 'b', false],
    ['[a-]', '-', true],
    ['[-a]', '-', true],
    ['[\\]]', ']', true],
    ['[\\!a]', '!', true],
    ['[a*]', '*', true],
    ['a]', 'a]', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['\\!a', '!a', true],
    ['a\\,b', 'a,b', true],
    ['\\\\', '\\', true],
    ['gr\u00fcn*', 'gr\u00fcn und blau', true],
    ['gr??n', 'gr\u00fcn', true],
    ['gr?n', 'gr\u00fcn', false],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('compares bytes, whatever they are', () => {
    const bytes = Buffer.from([0xff, 0, 0x80, 0xff]);
    expect(matches('????', bytes)).toBe(true);
    expect(matches('*[!a]*', bytes)).toBe(true);
    expect(matches('*a*', bytes)).toBe(false);
  });

  it.each([
    ['[a', /^expected a \] after the \[ in "\[a"; for a \[ itself write \\\[$/],
    ['x[', /expected a \] after the \[/],
    ['[a-', /expected a \] after the \[/],
    ['[!', /expected a \] after the \[/],
    ['[]', /expected characters between \[ and \] in "\[\]"/],
    ['[!]', /expected characters between/],
    ['[z-a]', /expected \[a-z\] with the smaller one first in "\[z-a\]"/],
    ['[\u00fc]', /expected ASCII characters between \[ and \]/],
    ['a\\', /expected a character after the \\ in "a\\"; for a \\ itself write \\\\/],
    ['[a\\', /expected a character after the \\/],
  ])('%s cannot be', (pattern, message) => {
    expect(() => new Glob(pattern)).toThrow(message);
  });

  /** All ways, one after the other. */
  function naive(pattern: string, text: string): boolean {
    if (pattern === '') return text === '';
    if (pattern[0] === '*') {
      return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
    }
    if (text === '') return false;
    if (pattern[0] === '?') return naive(pattern.slice(1), text.slice(1));
    const set = /^\[(!?)([a-c]+)\]/.exec(pattern);
    if (set) {
      const isIn = (set[2] as string).includes(text[0] as string);
      return isIn !== (set[1] === '!') && naive(pattern.slice(set[0].length), text.slice(1));
    }
    return pattern[0] === text[0] && naive(pattern.slice(1), text.slice(1));
  }

  const piece = fc.constantFrom('a', 'b', 'c', '*', '?', '[ab]', '[!a]', '*', 'ab', 'aab');
  const pattern = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(''));
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 16 }).map((letters) => letters.join(''));

  it('says what trying all ways says', () => {
    fc.assert(
      fc.property(pattern, text, (pattern, text) => {
        expect(matches(pattern, text)).toBe(naive(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  /** The same for long texts: the set of all places that each piece can end at. */
  function slowly(pieces: readonly string[], text: string): boolean {
    let ends = new Set([0]);
    for (const piece of pieces.flatMap((piece) => piece.match(/\[.*?\]|./g) ?? [])) {
      const next = new Set<number>();
      const least = Math.min(...ends);
      if (piece === '*') for (let at = least; at <= text.length; at++) next.add(at);
      else for (const at of ends) if (at < text.length && naive(piece, text[at] as string)) next.add(at + 1);
      ends = next;
    }
    return ends.has(text.length);
  }

  it('says the same of long texts and of long parts, which are searched in other ways', () => {
    const filler = (length: number) => 'c'.repeat(length);
    const long = fc.constantFrom('aab', 'abb'.repeat(15), '[ab][bc]a'.repeat(15), '[ab]');
    const pieces = fc
      .array(fc.oneof({ weight: 3, arbitrary: piece }, long), { minLength: 1, maxLength: 5 })
      .map((pieces) => ['*', ...pieces, '*']);
    const texts = fc.array(fc.oneof(text, fc.constantFrom('abb'.repeat(15), 'aca'.repeat(15), filler(150))), {
      maxLength: 5,
    });
    let [found, refused] = [0, 0];
    fc.assert(
      fc.property(pieces, texts, (pieces, texts) => {
        if (!isAllowed(pieces.join(''))) {
          refused++;
          return;
        }
        const [whole, expected] = [texts.join(''), slowly(pieces, texts.join(''))];
        if (expected && whole.length > 100) found++;
        expect(matches(pieces.join(''), whole)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    // Not only of what is not there.
    expect(found).toBeGreaterThan(100);
    expect(refused).toBeLessThan(300);
  });
});
