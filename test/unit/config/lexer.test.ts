import { describe, expect, it } from 'vitest';
import { Lexer, type Token } from '../../../src/config/lexer.js';
import { catchConfigError } from './helpers.js';

function readAll(text: string): Token[] {
  const lexer = new Lexer(text, 'f');
  const tokens: Token[] = [];
  do tokens.push(lexer.next());
  while (tokens.at(-1)?.kind !== 'end');
  return tokens;
}

function readValue(afterEquals: string) {
  const lexer = new Lexer(`=${afterEquals}`, 'f');
  lexer.next();
  return { value: lexer.value(), next: lexer.next() };
}

describe('structure', () => {
  it.each([
    ['a = {};', ['word', '=', '{', '}', ';', 'end']],
    ['module fcgi{', ['word', 'word', '{', 'end']],
    ['# all of it = comment', ['end']],
    ['a # b\nc', ['word', 'newline', 'word', 'end']],
    ['a#b', ['word', 'end']],
    ['a/*x*/b', ['word', 'word', 'end']],
    ['a /* over\nlines */ b', ['word', 'newline', 'word', 'end']],
    ['/**/', ['end']],
    ['a/b', ['word', 'end']],
    ['\uFEFFa', ['word', 'end']],
    ['a\r\nb\r\n', ['word', 'newline', 'word', 'newline', 'end']],
    ['"a"', ['stray', 'word', 'stray', 'end']],
    ['a\u00A0b', ['word', 'stray', 'word', 'end']],
    ['', ['end']],
  ])('cuts %j', (text, kinds) => {
    expect(readAll(text).map(({ kind }) => kind)).toEqual(kinds);
  });

  it('gives each token its line and its column in characters', () => {
    const places = readAll('\uFEFFa \u{1F600} b\r\n\t/* x\n */ c').map(({ text, position: { line, column } }) => [
      text,
      line,
      column,
    ]);
    expect(places).toEqual([
      ['a', 1, 1],
      ['\u{1F600}', 1, 3],
      ['b', 1, 5],
      ['', 1, 6],
      ['', 2, 1],
      ['c', 3, 5],
      ['', 3, 6],
    ]);
  });
});

describe('values', () => {
  it.each([
    [' https://host/v2', 'https://host/v2', 'end'],
    [' alpha,beta,gamma \t', 'alpha,beta,gamma', 'end'],
    ['x\r\n', 'x', 'newline'],
    [' a b  c ', 'a b  c', 'end'],
    [' a#b', 'a#b', 'end'],
    [' a # b', 'a', 'end'],
    [' a\t# b', 'a', 'end'],
    [' a;b}c/*d', 'a;b}c/*d', 'end'],
    [' a ;b', 'a', ';'],
    [' a }', 'a', '}'],
    [' a}', 'a}', 'end'],
    [' a /* b */', 'a', 'end'],
    [' a /* b\n */ c', 'a', 'newline'],
    [' a /* b */ c', 'a', 'word'],
    ['/* b */ c', 'c', 'end'],
    [' /* b\n */ c', '', 'word'],
    ['#fff', '#fff', 'end'],
    [' #fff', '', 'end'],
    [';', ';', 'end'],
    [' ;', '', ';'],
    [' }', '', '}'],
    ['', '', 'end'],
    [' \n', '', 'newline'],
    [' say "hi" ', 'say "hi"', 'end'],
    [' a = b', 'a = b', 'end'],
    [" 'x'", "'x'", 'end'],
    [' x\u00A0', 'x\u00A0', 'end'],
  ])('reads %j as a bare value', (text, expected, next) => {
    const read = readValue(text);
    expect(read.value).toMatchObject({ text: expected, quoted: false });
    expect(read.next.kind).toBe(next);
  });

  it.each([
    [' "a # b ; c } /* d"', 'a # b ; c } /* d'],
    ['"  x  "', '  x  '],
    [' ""', ''],
    [' "a\\"b\\\\c\\nd\\te"', 'a"b\\c\nd\te'],
  ])('reads %j as a quoted value', (text, expected) => {
    const read = readValue(text);
    expect(read.value).toMatchObject({ text: expected, quoted: true });
    expect(read.next.kind).toBe('end');
  });

  it('places a value at its first character', () => {
    expect(readValue('  x').value.position).toEqual({ file: 'f', line: 1, column: 4 });
  });
});

describe('bytes that are not text', () => {
  it.each([
    ['a\n/* b', 'f:2:1: found the end of the file, expected */'],
    ['a = \0', 'f:1:5: found a NUL byte'],
    ['ab\u0007', 'f:1:3: found the control character U+0007'],
    ['# \u007f', 'f:1:3: found the control character U+007F'],
    ['a\rb', 'f:1:2: found a carriage return without a line feed'],
  ])('refuses %j', (text, message) => {
    const error = catchConfigError(() => readAll(text));
    expect(error.code).toBe('CONFIG_SYNTAX');
    expect(error.message).toContain(message);
  });

  it.each([
    [' "ab', 'f:1:3: found the end of the file, expected " to end the string'],
    [' "ab\nc"', 'f:1:3: found the end of the line, expected " to end the string'],
    [' "a\\x"', 'f:1:5: found a backslash before another character, expected \\" \\\\ \\n or \\t'],
    [' "a\\constructor"', 'f:1:5: found a backslash before another character'],
    [' "a\\', 'f:1:5: found a backslash at the end of the line'],
    [' "a\\\r\n', 'f:1:5: found a backslash at the end of the line'],
    [' x /* y', 'f:1:5: found the end of the file, expected */'],
  ])('refuses the value %j', (text, message) => {
    expect(catchConfigError(() => readValue(text)).message).toContain(message);
  });
});
