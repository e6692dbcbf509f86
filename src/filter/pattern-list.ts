/** Lists of patterns, as they are written: `alice, bot-*, !*@spam.example`. Pure. */

import { PatternError, showPattern } from './pattern-error.js';

/** More patterns in one list are refused. */
export const MAX_PATTERNS = 256;
/** A longer pattern is refused; in bytes of UTF-8. */
export const MAX_PATTERN_BYTES = 256;

/** What a list says, with what stands behind each `!` apart. */
export interface Patterns<Pattern> {
  positive: Pattern[];
  negative: Pattern[];
}

/** Cuts a list at its commas. A comma behind `\` belongs to its pattern. */
export function splitPatterns(text: string): string[] {
  const patterns: string[] = [];
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '\\') at++;
    else if (at === text.length || text[at] === ',') {
      patterns.push(trim(text.slice(from, at)));
      from = at + 1;
    }
  }
  if (from <= text.length) patterns.push(trim(text.slice(from)));
  return patterns;
}

/** Writes a list as {@link splitPatterns} reads it. */
export function joinPatterns(patterns: readonly string[]): string {
  return patterns.map(toListed).join(', ');
}

/** The same pattern as it stands in a list: with `\` before its commas, and before white space at its ends. */
export function toListed(pattern: string): string {
  const inner = pattern.replace(/\\[\s\S]|,/g, (found) => (found === ',' ? '\\,' : found));
  const begun = inner.replace(/^(!?)([ \t])/, '$1\\$2');
  return /[ \t]$/.test(begun) && trim(begun) !== begun ? `${begun.slice(0, -1)}\\${begun.slice(-1)}` : begun;
}

/**
 * Reads each pattern of a list.
 *
 * @throws {PatternError} at the first that cannot be, and for an empty list
 */
export function readPatterns<Pattern>(
  patterns: readonly string[],
  read: (pattern: string) => Pattern,
): Patterns<Pattern> {
  if (patterns.length === 0 || (patterns.length === 1 && patterns[0] === ''))
    throw new PatternError('expected a pattern');
  if (patterns.length > MAX_PATTERNS) {
    throw new PatternError(`expected at most ${MAX_PATTERNS} patterns, not ${patterns.length}`);
  }
  const list: Patterns<Pattern> = { positive: [], negative: [] };
  for (const [index, pattern] of patterns.entries()) {
    const isNegative = pattern.startsWith('!');
    const rest = isNegative ? pattern.slice(1).trimStart() : pattern;
    if (rest === '') throw new PatternError(describeEmpty(isNegative, index, patterns.length));
    if (Buffer.byteLength(rest) > MAX_PATTERN_BYTES) {
      throw new PatternError(
        `expected patterns of at most ${MAX_PATTERN_BYTES} bytes; too long is ${showPattern(pattern)}`,
      );
    }
    list[isNegative ? 'negative' : 'positive'].push(read(rest));
  }
  return list;
}

function describeEmpty(isNegative: boolean, index: number, count: number): string {
  if (isNegative) return 'expected a pattern after each !; for an exclamation mark itself write \\!';
  return `expected a pattern between two commas, and none is empty; pattern ${index + 1} of ${count} is`;
}

/** White space at the end stays when a `\` stands before it. */
function trim(pattern: string): string {
  const begun = pattern.replace(/^[ \t]+/, '');
  const ended = begun.replace(/[ \t]+$/, '');
  const isEscaped = ended.length < begun.length && /(?:^|[^\\])(?:\\\\)*\\$/.test(ended);
  return isEscaped ? begun.slice(0, ended.length + 1) : ended;
}
