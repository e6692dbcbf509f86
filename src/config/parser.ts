/**
 * Reads the grammar of a configuration. This file does not know what settings mean.
 *
 *     file    = { pair | include | block } ;
 *     include = "include" "=" value
 *     block   = "module" ["="] name "{" { pair | section } "}"  |  "module" "=" name
 *     section = ("match" | "limits" | "sandbox" | "remote" | "env" | "config") "{" { pair } "}" ;
 *     pair    = key "=" value
 *
 * Pairs end at the end of their line or at `;`. A `{` may stand on a line of its own.
 */

import { ConfigError } from '../errors.js';
import { Lexer, type Token, type ValueToken } from './lexer.js';
import { countCharacters, showCharacter } from './text.js';
import type { Position, ValueFile } from './types.js';

/** One `key = value`. */
export interface Pair {
  kind: 'pair';
  key: string;
  value: string;
  /** The value stood in quotes. */
  quoted: boolean;
  /** Of the key. */
  position: Position;
  /** The part of the value that stands in the file, when the rest came from elsewhere; absent: all of it. */
  literal?: string;
  /** The value is not to be shown, whatever the name of the key. */
  isHidden?: true;
  /** The file that the value was read from. */
  valueFile?: ValueFile;
}

/** One `include = path`, and how much of its file stands before it. */
export interface Include {
  pair: Pair;
  pairsBefore: number;
  modulesBefore: number;
}

/** The sections that a module block may hold. */
export const SECTION_NAMES = ['match', 'limits', 'sandbox', 'remote', 'env', 'config'] as const;

/** The name of a section. */
export type SectionName = (typeof SECTION_NAMES)[number];

/** One `name { ... }` within a module block. */
export interface Section {
  kind: 'section';
  name: SectionName;
  pairs: Pair[];
  position: Position;
}

/** One module, in either form. */
export interface ModuleBlock {
  /** As written; not yet checked. */
  name: string;
  /** In file order; empty for `module = name`. */
  entries: (Pair | Section)[];
  /** Of the name. */
  position: Position;
}

/** A configuration without its includes. */
export interface ConfigTree {
  /** The pairs outside of every block. */
  pairs: Pair[];
  modules: ModuleBlock[];
}

/** A whole file. */
export interface FileTree extends ConfigTree {
  includes: Include[];
}

/** The key outside of every block that stands for other files. */
export const INCLUDE = 'include';

/**
 * Parses the text of a configuration.
 *
 * @param file - The name that positions carry.
 * @throws ConfigError `CONFIG_SYNTAX` at the first place that does not follow the grammar.
 */
export function parseTree(text: string, file: string): FileTree {
  return new Parser(text, file).file();
}

/** A longer `${...` at the end of a value is not looked for. */
const MAX_VARIABLE = 1024;

class Parser {
  readonly #lexer: Lexer;
  #ahead: Token | undefined;
  // The last bare value that ends in a brace: the likely cause of a block that never ends.
  #braceInValue: Position | undefined;

  constructor(text: string, file: string) {
    this.#lexer = new Lexer(text, file);
  }

  file(): FileTree {
    const tree: FileTree = { pairs: [], modules: [], includes: [] };
    for (;;) {
      const token = this.#nextEntry();
      if (token.kind === 'end') return tree;
      if (token.kind !== 'word') fail(token, 'a setting (KEY = VALUE) or a module block (module NAME { })');
      if (token.text === 'module') tree.modules.push(this.#module());
      else this.#outside(token, tree);
    }
  }

  #outside(token: Token, tree: FileTree): void {
    const pair = this.#pair(token, 'the only block outside of a module is module NAME { }');
    const { pairs, modules, includes } = tree;
    if (pair.key !== INCLUDE) pairs.push(pair);
    else includes.push({ pair, pairsBefore: pairs.length, modulesBefore: modules.length });
  }

  #module(): ModuleBlock {
    let token = this.#next();
    const assigned = token.kind === '=';
    if (assigned) token = this.#next();
    if (token.kind !== 'word') fail(token, 'the name of a module');
    const block: ModuleBlock = { name: token.text, entries: [], position: token.position };
    const after = this.#next();
    this.#ahead = after;
    const brace = this.#nextBesidesLines();
    if (brace.kind === '{') {
      this.#block(block, brace);
      return block;
    }
    // Without a brace it is the short form, which ends as a pair does.
    if (!assigned) fail(after, `{ (a module without settings is written module = ${shorten(block.name)})`);
    if (!endsPair(after)) fail(after, 'the end of the line, ; or {');
    this.#ahead = brace;
    return block;
  }

  #block(block: ModuleBlock, brace: Token): void {
    const owner = `module ${shorten(block.name)}`;
    for (;;) {
      const token = this.#nextEntry();
      if (token.kind === '}') return;
      if (token.kind === 'end') this.#failOpen(token, owner, brace);
      if (token.kind !== 'word') fail(token, `a setting or the } that ends ${owner}`);
      if (token.text === 'module') {
        const hint = 'a setting named module, meant for the module, goes into config { }';
        fail(token, `the } that ends ${owner}, begun at ${place(brace)} (${hint})`);
      }
      block.entries.push(this.#entry(token));
    }
  }

  #entry(word: Token): Pair | Section {
    const name = SECTION_NAMES.find((known) => known === word.text);
    if (!name) return this.#pair(word, `the sections of a module are ${SECTION_NAMES.join(', ')}`);
    const brace = this.#nextBesidesLines();
    if (brace.kind === '{') return this.#section(name, word.position, brace);
    this.#ahead = brace;
    return this.#pair(word, `or { for the section ${name}`);
  }

  #section(name: SectionName, position: Position, brace: Token): Section {
    const section: Section = { kind: 'section', name, pairs: [], position };
    for (;;) {
      const token = this.#nextEntry();
      if (token.kind === '}') return section;
      if (token.kind === 'end') this.#failOpen(token, `the section ${name}`, brace);
      if (token.kind !== 'word') fail(token, `a setting or the } that ends the section ${name}`);
      section.pairs.push(this.#pair(token, 'a section holds settings only'));
    }
  }

  /** @param hint - For an error: what may stand here besides a pair. */
  #pair(key: Token, hint: string): Pair {
    const equals = this.#next();
    if (equals.kind !== '=') fail(equals, `= ${afterKey(key, equals)} (${hint})`);
    const value = this.#lexer.value();
    if (!value.quoted) this.#checkBraces(value);
    const after = this.#next();
    if (after.kind === '}') this.#ahead = after;
    else if (!endsPair(after)) {
      fail(after, 'the end of the line, ; or } (a value with white space and then #, /*, ; or } is written in quotes)');
    }
    return { kind: 'pair', key: key.text, value: value.text, quoted: value.quoted, position: key.position };
  }

  /** By the grammar, a brace at the end of a bare value is text. An opening brace there is hardly ever meant as text. */
  #checkBraces(value: ValueToken): void {
    if (/(?:^|[ \t])\{$/.test(value.text.slice(-2))) {
      const column = value.position.column + countCharacters(value.text) - 1;
      const message =
        'found { at the end of a value, expected no block here (write the value in quotes if it is meant)';
      throw new ConfigError('CONFIG_SYNTAX', message, { ...value.position, column });
    }
    const end = value.text.slice(-MAX_VARIABLE);
    if (/(?<!\$)\$\{[^{}]*$/.test(end)) {
      const message =
        'found ${ without its } in a value, expected both (write the value in quotes if white space and #, /*, ; or } stand between them)';
      throw new ConfigError('CONFIG_SYNTAX', message, value.position);
    }
    if (/(?<!\$\{[^{}]*)\}$/.test(end)) this.#braceInValue = value.position;
  }

  #failOpen(end: Token, owner: string, brace: Token): never {
    const hint = this.#braceInValue
      ? ` (the } that follows a value without white space, at ${place({ position: this.#braceInValue })}, is part of it)`
      : '';
    fail(end, `the } that ends ${owner}, begun at ${place(brace)}${hint}`);
  }

  #next(): Token {
    const token = this.#ahead ?? this.#lexer.next();
    this.#ahead = undefined;
    return token;
  }

  #nextBesidesLines(): Token {
    let token = this.#next();
    while (token.kind === 'newline') token = this.#next();
    return token;
  }

  #nextEntry(): Token {
    let token = this.#next();
    while (token.kind === 'newline' || token.kind === ';') token = this.#next();
    return token;
  }
}

function endsPair(token: Token): boolean {
  return token.kind === 'newline' || token.kind === ';' || token.kind === 'end';
}

function fail(token: Token, expected: string): never {
  throw new ConfigError('CONFIG_SYNTAX', `found ${describe(token)}, expected ${expected}`, token.position);
}

/** A word without a `=` may be a part of a value, which errors do not show; the name of a block is none. */
function afterKey(key: Token, found: Token): string {
  if (found.kind === '{' && /^[A-Za-z_]\w{0,31}$/.test(key.text)) return `after "${key.text}"`;
  const isNamed = SECTION_NAMES.some((name) => name === key.text) || key.text === INCLUDE;
  if (isNamed) return `after "${key.text}"`;
  return key.text.endsWith(':') ? 'in the place of the ":"' : 'after the first word of the setting';
}

/** Without the text of words: what stands in the wrong place may be a part of a secret. */
function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the file';
    case 'newline':
      return 'the end of the line';
    case 'word':
      return token.text === 'module' ? '"module"' : 'a word';
    case 'stray':
      return showCharacter(token.text);
    default:
      return token.text;
  }
}

function place(at: { position: Position }): string {
  return `${at.position.line}:${at.position.column}`;
}

/** A name as it may stand in a sentence, whatever was written for it. */
function shorten(name: string): string {
  return /^\w{1,64}$/.test(name) ? name : 'NAME';
}
