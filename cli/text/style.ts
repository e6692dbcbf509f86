/** Colours of the terminal: pure. */

/** What a text may look like. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

const CODES: Record<Style, number> = { bold: 1, dim: 2, red: 31, yellow: 33, green: 32, cyan: 36 };

/** A text in a style; `null`: as it is. */
export function styled(text: string, style: Style | null): string {
  return style === null || text.trim() === '' ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`;
}
