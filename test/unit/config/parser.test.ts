import { describe, expect, it } from 'vitest';
import { type Pair, parseTree, type Section } from '../../../src/config/parser.js';
import { catchConfigError } from './helpers.js';

function toPlain(entry: Pair | Section): unknown {
  return entry.kind === 'pair' ? [entry.key, entry.value] : { [entry.name]: entry.pairs.map(toPlain) };
}

function read(text: string) {
  const tree = parseTree(text, 'f');
  return {
    pairs: tree.pairs.map(toPlain),
    modules: tree.modules.map(({ name, entries }) => [name, entries.map(toPlain)]),
  };
}

describe('files as they are written in practice', () => {
  it.each<[string, unknown[]]>([
    [
      'module fcgi{\n\thost = 192.168.0.101\n\tlog = 0 \n}\n\n',
      [
        [
          'fcgi',
          [
            ['host', '192.168.0.101'],
            ['log', '0'],
          ],
        ],
      ],
    ],
    [
      'module=filter{\ncount= 3\nblocked_words =alpha, beta \n}',
      [
        [
          'filter',
          [
            ['count', '3'],
            ['blocked_words', 'alpha, beta'],
          ],
        ],
      ],
    ],
    ['module = js {\r\n  script = /x.js\r\n}\r\n', [['js', [['script', '/x.js']]]]],
    ['module= chatbot', [['chatbot', []]]],
    ['module = chatbot  \n', [['chatbot', []]]],
    [
      'module = a ; module = b # c',
      [
        ['a', []],
        ['b', []],
      ],
    ],
    ['module = a\n\n{\n}', [['a', []]]],
    [
      'module a\n# why\n{ x = 1 ; y = 2 }',
      [
        [
          'a',
          [
            ['x', '1'],
            ['y', '2'],
          ],
        ],
      ],
    ],
    [
      'module a { } module b {\n}',
      [
        ['a', []],
        ['b', []],
      ],
    ],
    ['module a { ;; x = 1 ;; }', [['a', [['x', '1']]]]],
    ['module a /* in */ { /* here */ x /* and */ = /* there */ 1 /* too */ }', [['a', [['x', '1']]]]],
    [
      'module a {\n x = "1" ; y = "}"}',
      [
        [
          'a',
          [
            ['x', '1'],
            ['y', '}'],
          ],
        ],
      ],
    ],
    [
      'module a { x =\n y = 2\n }',
      [
        [
          'a',
          [
            ['x', ''],
            ['y', '2'],
          ],
        ],
      ],
    ],
    [
      'module a { config { path = 1 ; path = 2\n}\n y = 3 }',
      [
        [
          'a',
          [
            {
              config: [
                ['path', '1'],
                ['path', '2'],
              ],
            },
            ['y', '3'],
          ],
        ],
      ],
    ],
    ['module a { config\n{ } config = 5 }', [['a', [{ config: [] }, ['config', '5']]]]],
    [
      'module a { match { x = 1 } limits { } sandbox { } remote { } }',
      [['a', [{ match: [['x', '1']] }, { limits: [] }, { sandbox: [] }, { remote: [] }]]],
    ],
    ['module a { t = {"a":1} }', [['a', [['t', '{"a":1}']]]]],
  ])('reads %j', (text, modules) => {
    expect(read(text)).toEqual({ pairs: [], modules });
  });

  it('keeps pairs outside of blocks in order', () => {
    expect(read('a=1\n\n  b = 2 ; c =\nmodule = m\nd = https://x/#y').pairs).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', ''],
      ['d', 'https://x/#y'],
    ]);
  });

  it('places modules at their names and pairs at their keys', () => {
    const { modules } = parseTree('\nmodule m {\n  x = 1\n}', 'f');
    expect(modules[0]?.position).toEqual({ file: 'f', line: 2, column: 8 });
    expect(modules[0]?.entries[0]?.position).toEqual({ file: 'f', line: 3, column: 3 });
  });
});

describe('mistakes', () => {
  it.each([
    ['module', 'f:1:7: found the end of the file, expected the name of a module'],
    ['module =\nx = 1', 'f:1:9: found the end of the line, expected the name of a module'],
    ['module {', 'f:1:8: found {, expected the name of a module'],
    ['module = "a"', 'f:1:10: found ", expected the name of a module'],
    ['module a', 'f:1:9: found the end of the file, expected { (a module without settings is written module = a)'],
    ['module a\nx = 1', 'f:1:9: found the end of the line, expected {'],
    ['module = a b', 'f:1:12: found a word, expected the end of the line, ; or {'],
    ['x', 'f:1:2: found the end of the file, expected = after the first word of the setting'],
    ['x\n= 1', 'f:1:2: found the end of the line, expected = after the first word of the setting'],
    [
      'server {\n}',
      'f:1:8: found {, expected = after "server" (the only block outside of a module is module NAME { })',
    ],
    ['= 1', 'f:1:1: found =, expected a setting (KEY = VALUE) or a module block'],
    ['}', 'f:1:1: found }, expected a setting'],
    ['a = 1 }', 'f:1:7: found }, expected a setting'],
    ['"a" = 1', 'f:1:1: found ", expected a setting'],
    ['a\u00A0= 1', 'f:1:2: found U+00A0, expected = after the first word of the setting'],
    ['a = "x" y', 'f:1:9: found a word, expected the end of the line, ; or }'],
    ['a = "x" "y"', 'f:1:9: found ", expected the end of the line'],
    ['a = x /* */ y', 'f:1:13: found a word, expected the end of the line'],
    ['module a {\n x = 1\n', 'f:3:1: found the end of the file, expected the } that ends module a, begun at 1:10'],
    ['module a { x = 1}', '(the } that follows a value without white space, at 1:16, is part of it)'],
    ['module a {\nmodule b {\n}', 'f:2:1: found "module", expected the } that ends module a, begun at 1:10'],
    ['module a {\nmodule = b\n}', 'f:2:1: found "module", expected the } that ends module a'],
    ['module a { limit { } }', 'f:1:18: found {, expected = after "limit" (the sections of a module are match, limits'],
    ['module a { limits = {\n x = 1\n}\n}', 'f:1:21: found { at the end of a value, expected no block here'],
    ['module a { x = b {\n}\n}', 'f:1:18: found { at the end of a value'],
    ['module a { config\n x = 1 }', 'f:2:2: found a word, expected = after "config" (or { for the section config)'],
    ['module a { config { x { } } }', 'f:1:23: found {, expected = after "x" (a section holds settings only)'],
    [
      'module a { config {',
      'f:1:20: found the end of the file, expected the } that ends the section config, begun at 1:19',
    ],
    ['module a { config { = } }', 'f:1:21: found =, expected a setting or the } that ends the section config'],
    ['module a { { }', 'f:1:12: found {, expected a setting or the } that ends module a'],
  ])('says what is wrong with %j', (text, message) => {
    const error = catchConfigError(() => parseTree(text, 'f'));
    expect(error.code).toBe('CONFIG_SYNTAX');
    expect(error.message).toContain(message);
  });

  it('does not show a long word', () => {
    const { message } = catchConfigError(() => parseTree(`${'k'.repeat(100_000)} {`, 'f'));
    expect(message).toContain('found {, expected = after the first word of the setting');
    expect(message.length).toBeLessThan(250);
  });

  it.each([
    ['password: s3cr3t', 'f:1:11: found a word, expected = in the place of the ":"'],
    ['api_key s3cr3t', 'f:1:9: found a word, expected = after the first word of the setting'],
    ['module m {\n password = "my"s3cr3t\n}', 'f:2:17: found a word, expected the end of the line, ; or }'],
    ['module m {\n password = s3 ;s3cr3t\n}', 'f:2:23: found the end of the line, expected = after the first word'],
    ['-----BEGIN s3cr3t KEY-----', 'f:1:12: found a word, expected = after the first word'],
    ['module m {\n key = -----BEGIN KEY-----\n s3cr3t/+\n}', 'f:3:10: found the end of the line, expected = after'],
    ['password =\n s3cr3t', 'f:2:8: found the end of the file, expected = after the first word'],
    ['module = a s3cr3t', 'f:1:12: found a word, expected the end of the line, ; or {'],
    ['module m {\n password = "\\s3cr3t"\n}', 'f:2:14: found a backslash before another character'],
    ['module s3cr3t+/', 'f:1:16: found the end of the file, expected {'],
  ])('does not show what may be a part of a secret: %j', (text, message) => {
    const error = catchConfigError(() => parseTree(text, 'f'));
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('s3');
  });
});
