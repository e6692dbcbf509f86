/** A pattern that cannot be. The message says what was expected, and names the pattern. */
export class PatternError extends Error {}

const LONGEST = 40;

/** A pattern in a message. */
export function showPattern(pattern: string): string {
  const characters = [...pattern.slice(0, 2 * LONGEST)];
  return characters.length > LONGEST ? `"${characters.slice(0, LONGEST).join('')}..."` : `"${pattern}"`;
}
