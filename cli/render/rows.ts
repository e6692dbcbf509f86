/** Labels with texts beside them, in sections: pure. */

import { escapeControl } from '../../src/escape-control.js';
import { type Sentence, sentence } from '../../src/sentence.js';
import { type Style, styled } from '../text/style.js';
import { longestOf, wrapWords } from '../text/wrap.js';
import type { View } from './view.js';

/** Stands before a text that has no room beside its label. */
export const DEEPER = '    ';

/** One label with its text. Control characters in it are shown as escapes. */
export type Row = [label: string, value: string | Sentence, style?: Style | null];

/** When a word does not fit beside the labels, its text stands below its own label. */
export function renderRows(rows: Row[], { width, colour, options, program }: View): string[] {
  const labels = Math.max(...rows.map(([label]) => label.length));
  const indent = labels + 4;
  return rows.flatMap(([label, value, style = null]) => {
    const text = sentence`${value}`.withOptions(options, program).map(escapeControl);
    const isBeside = longestOf(text) <= width - indent;
    const before = isBeside ? ' '.repeat(indent) : DEEPER;
    const lines = wrapWords(text, width - before.length, '').map((line) => styled(line, colour ? style : null));
    const head = isBeside ? `  ${label.padEnd(labels)}  ${lines.shift()}` : `  ${label}`;
    return [head, ...lines.map((line) => before + line)].map((line) => line.trimEnd());
  });
}

/** A title and what stands below it; nothing where there is nothing. */
export function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}
