/**
 * Cuts the text of a configuration into tokens.
 *
 * What ends a value depends on where it stands. So the parser asks: {@link Lexer.next} for structure, and
 * {@link Lexer.value} right behind a `=`. Every scan ends at the first character of interest, and passes every character
 * once. So the time is linear for every text, even for a single line of megabytes.
 */

import { ConfigError } from '../errors.js';
import { countCharacters, showCharacter } from './text.js';
import type { Position } from './types.js';

/** What a token is; `stray` is a character that can begin none. */
export type TokenKind = 'word' | '=' | '{' | '}' | ';' | 'newline' | 'end' | 'stray';

/** A piece of structure. */
export interface Token {
  kind: TokenKind;
  /** The characters it was read from; empty for `newline` and `end`. */
  text: string;
  position: Position;
}

/** What stands behind a `=`. */
export interface ValueToken {
  /** Trimmed, or with its escapes resolved when it was quoted. */
  text: string;
  quoted: boolean;
  /** Of its first character; for an empty value the place where one could stand. */
  position: Position;
}

// Each pattern matches where something ends. A search for an end needs no memory; a match of a whole run may need much.
const BLANKS_END = /[^ \t]/g;
const WORD_END = /[\s={};"]|\/\*/g;
const VALUE_END = /[\r\n]|[ \t](?=[#;}]|\/\*)/g;
const QUOTED_END = /["\\\r\n]/g;
const LINE_FEED = 10;
const ESCAPES: Record<string, string> = { '"': '"', '\\': '\\', n: '\n', t: '\t' };
// A carriage return may only stand before a line feed. Of the other control characters, only the tab is allowed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const FORBIDDEN = /\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** A cursor over one configuration text. */
export class Lexer {
  readonly #text: string;
  readonly #file: string;
  #offset: number;
  // The place that `#locate` reached last. It only moves on, which keeps positions linear in the text as well.
  #located: number;
  #line = 1;
  #column = 1;

  /**
   * @param text - The whole file; a byte order mark at its beginning is passed over, and either line ending is taken.
   * @param file - Its name, for positions.
   * @throws ConfigError `CONFIG_SYNTAX` when the text has a control character anywhere.
   */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#offset = text.startsWith('\uFEFF') ? 1 : 0;
    this.#located = this.#offset;
    const forbidden = FORBIDDEN.exec(text);
    if (forbidden) this.#failAt(forbidden.index, describeForbidden(forbidden[0]));
  }

  /**
   * Reads the next piece of structure, past blanks and comments. A comment that spans lines is a line break.
   *
   * @throws ConfigError `CONFIG_SYNTAX` at a comment that never ends.
   */
  next(): Token {
    const begin = this.#offset;
    if (this.#skipBlanks({ hash: true })) return { kind: 'newline', text: '', position: this.#locate(begin) };
    const position = this.#locate(this.#offset);
    const character = this.#text[this.#offset];
    switch (character) {
      case undefined:
        return { kind: 'end', text: '', position };
      case '\r':
      case '\n':
        // A carriage return is followed by its line feed: the constructor has seen to that.
        this.#offset += character === '\r' ? 2 : 1;
        return { kind: 'newline', text: '', position };
      case '=':
      case '{':
      case '}':
      case ';':
        this.#offset++;
        return { kind: character, text: character, position };
    }
    const word = this.#until(WORD_END);
    if (word !== '') return { kind: 'word', text: word, position };
    const stray = String.fromCodePoint(this.#text.codePointAt(this.#offset) as number);
    this.#offset += stray.length;
    return { kind: 'stray', text: stray, position };
  }

  /**
   * Reads the value behind a `=` that was the last token: a quoted string, or the rest of the line, trimmed, up to
   * white space that is followed by `#`, `/*`, `;` or `}`. Nothing at all is the empty value. Comments in front of it are passed over.
   *
   * In a quoted string `\"`, `\\`, `\n` and `\t` are a quote, a backslash, a line feed and a tab.
   *
   * @throws ConfigError `CONFIG_SYNTAX` at a quoted string that does not end in its line, or has another escape.
   */
  value(): ValueToken {
    const begin = this.#offset;
    if (this.#skipBlanks({ hash: false })) return { text: '', quoted: false, position: this.#locate(begin) };
    const position = this.#locate(this.#offset);
    const character = this.#text[this.#offset] ?? '';
    // These characters end a value only behind white space: `=#fff` is a value, `= #fff` is a comment.
    if (this.#offset > begin && '#;}'.includes(character)) return { text: '', quoted: false, position };
    if (character === '"') return { text: this.#quoted(position), quoted: true, position };
    return { text: trimEnd(this.#until(VALUE_END)), quoted: false, position };
  }

  #quoted(opening: Position): string {
    this.#offset++;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#until(QUOTED_END));
      const stop = this.#text[this.#offset];
      if (stop === '"') {
        this.#offset++;
        return parts.join('');
      }
      if (stop !== '\\') {
        const found = stop === undefined ? 'the end of the file' : 'the end of the line';
        this.#fail(opening, `found ${found}, expected " to end the string that begins here (a line break is \\n)`);
      }
      parts.push(this.#escape());
    }
  }

  #escape(): string {
    const letter = this.#text[this.#offset + 1] ?? '';
    const meaning = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (meaning === undefined) {
      // In CRLF text a carriage return comes first. The letter is not shown: it may be a part of a secret.
      const lineEnds = letter === '' || letter === '\n' || letter === '\r';
      const found = lineEnds ? 'a backslash at the end of the line' : 'a backslash before another character';
      this.#failAt(this.#offset, `found ${found}, expected \\" \\\\ \\n or \\t (write \\\\ for a backslash)`);
    }
    this.#offset += 2;
    return meaning;
  }

  /** Passes blanks and comments, those with `#` only if asked to; true when a comment held a line break. */
  #skipBlanks(comments: { hash: boolean }): boolean {
    for (;;) {
      this.#until(BLANKS_END);
      if (this.#text.startsWith('/*', this.#offset)) {
        const end = this.#text.indexOf('*/', this.#offset + 2);
        if (end < 0) {
          this.#failAt(
            this.#offset,
            'found the end of the file, expected */ to end the comment that begins here (a value with /* in it is quoted)',
          );
        }
        const isBroken = this.#text.slice(this.#offset, end).includes('\n');
        this.#offset = end + 2;
        if (isBroken) return true;
      } else if (comments.hash && this.#text[this.#offset] === '#') {
        const end = this.#text.indexOf('\n', this.#offset);
        this.#offset = end < 0 ? this.#text.length : end;
      } else {
        return false;
      }
    }
  }

  /** Moves to the next match of a global pattern, or to the end, and returns what was passed. */
  #until(pattern: RegExp): string {
    const begin = this.#offset;
    pattern.lastIndex = begin;
    this.#offset = pattern.exec(this.#text)?.index ?? this.#text.length;
    return this.#text.slice(begin, this.#offset);
  }

  #locate(offset: number): Position {
    let lineStart = this.#located;
    for (let i = lineStart; i < offset; i++) {
      if (this.#text.charCodeAt(i) !== LINE_FEED) continue;
      lineStart = i + 1;
      this.#line++;
      this.#column = 1;
    }
    this.#column += countCharacters(this.#text, lineStart, offset);
    this.#located = offset;
    return { file: this.#file, line: this.#line, column: this.#column };
  }

  #failAt(offset: number, message: string): never {
    this.#fail(this.#locate(offset), message);
  }

  #fail(position: Position, message: string): never {
    throw new ConfigError('CONFIG_SYNTAX', message, position);
  }
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function describeForbidden(character: string): string {
  if (character === '\0') return 'found a NUL byte, expected text (is this a binary file, or UTF-16?)';
  if (character === '\r') return 'found a carriage return without a line feed, expected lines that end in LF or CR LF';
  return `found the control character ${showCharacter(character)}, expected text`;
}
