/** The pages of the documentation, and the fenced blocks in them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { SAMPLES } from './samples.js';

/** A fenced block. */
export interface Block {
  /** The line that its text begins on. */
  line: number;
  /** The text behind the opening fence; '' when there is none. */
  language: string;
  /** Its lines, without the indentation of its fence. */
  text: string;
}

/** Every page that may show an example, as a path in the repository. */
export function listPages(): string[] {
  const docs = readdirSync(join(PACKAGE_ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const samples = SAMPLES.map((name) => `modules/${name}/README.md`);
  return ['README.md', 'CONTRIBUTING.md', 'bridges/c/README.md', ...docs.map((name) => `docs/${name}`), ...samples];
}

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(join(PACKAGE_ROOT, page), 'utf8');
}

/**
 * The blocks of a document, in order.
 *
 * @throws Error when a block has no end.
 */
export function findBlocks(markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^( *)```(\S*)/.exec(lines[at] as string);
    if (!fence) continue;
    const [, indent = '', language = ''] = fence;
    const end = lines.findIndex((line, index) => index > at && /^ *```\s*$/.test(line));
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`);
    const text = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ line: at + 2, language, text: text.map((line) => `${line}\n`).join('') });
    at = end;
  }
  return blocks;
}
