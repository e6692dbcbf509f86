import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { parse, seededRandom } from './helpers.js';

const PIECES = [
  ...[
    'module',
    'module ',
    'a',
    'b',
    'filter',
    'config',
    'limits',
    'path',
    'deadline',
    'hang',
    'replicas',
    'max_message',
    'include',
  ],
  ...[
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r',
    '=',
    ' = ',
    '{',
    ' {',
    '}',
    ' }',
    ';',
    ' ;',
    '#',
    ' #',
    '/*',
    '*/',
    '"',
    '\\',
    '\\n',
  ],
  ...[
    '1',
    '1s',
    'off',
    '8MiB',
    '5 in 60s',
    '\0',
    '\u0007',
    '\u00A0',
    '\uFEFF',
    '\u{1F600}',
    '\uD800',
    '__proto__',
    '${',
    '$${',
    '${A}',
    '${NONE:-',
    '@/',
    '@./',
    '/',
    '*',
  ],
];

/** Everything that a parse can come to: the configuration, or the one kind of error there may be. */
function attempt(text: string): ConfigError | ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw new Error(`${JSON.stringify(text)} made the parser throw something else`, { cause: error });
  }
}

/** Fails unless the place of an error lies in the text. */
function checkPlace(text: string, error: ConfigError): void {
  const line = text.replace(/^\uFEFF/, '').split('\n')[error.line - 1];
  const length = line === undefined ? -1 : [...line].length;
  if (error.column < 1 || error.column > length + 1) {
    throw new Error(`${JSON.stringify(text)}: no such place: ${error.message}`);
  }
}

describe('whatever the text', () => {
  it.each([1, 2, 3, 4])(
    'pieces of the grammar in any order give a configuration or a placed error (seed %d)',
    (seed) => {
      const random = seededRandom(seed);
      const results = { good: 0, bad: 0 };
      for (let round = 0; round < 5000; round++) {
        const length = 1 + Math.floor(random() * 25);
        const text = Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join('');
        const result = attempt(text);
        if (result instanceof ConfigError) {
          results.bad++;
          checkPlace(text, result);
        } else results.good++;
      }
      // Both must have been seen, or the generator tests nothing.
      expect(results.good).toBeGreaterThan(20);
      expect(results.bad).toBeGreaterThan(2000);
    },
  );

  it('a good file with anything cut out, put in or doubled does the same', () => {
    const good =
      'max_message = 1MiB # m\nmodule a {\n path = "x\\n" ; deadline = 1s /* c */\n config { k = v }\n}\nmodule = b\n';
    const random = seededRandom(5);
    expect(attempt(good)).not.toBeInstanceOf(ConfigError);
    for (let round = 0; round < 10_000; round++) {
      const from = Math.floor(random() * good.length);
      const to = from + Math.floor(random() * 8);
      const put = random() < 0.5 ? PIECES[Math.floor(random() * PIECES.length)] : good.slice(from, to).repeat(2);
      const text = good.slice(0, from) + put + good.slice(to);
      const result = attempt(text);
      if (result instanceof ConfigError) checkPlace(text, result);
    }
  });

  it('values come back from quotes as they were', () => {
    const random = seededRandom(6);
    const characters = [...'ab "\\#;${}=/*@\t\n\u00E4\u{1F600}'];
    for (let round = 0; round < 2000; round++) {
      const length = Math.floor(random() * 12);
      const value = Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('');
      const escaped = value
        .replace(/["\\]/g, '\\$&')
        .replaceAll('\n', '\\n')
        .replaceAll('${', () => '$${');
      expect(parse(`module m { k = "${escaped}" }`).modules[0]?.config).toEqual([['k', value]]);
    }
  });
});

describe('whatever the size', () => {
  const fill = (piece: string, size = 10_000_000) => piece.repeat(Math.ceil(size / piece.length));
  // When every few bytes are a setting to remember, a tenth of the size shows as much.
  const fillSettings = (piece: string) => fill(piece, 1_000_000);

  // Quadratic work on any of them would run into the time limit, and recursion would end in a stack overflow.
  it.each<[string, () => string]>([
    ['one word', () => fill('a')],
    ['one value', () => `a = ${fill('v')}`],
    ['one of our values', () => `module m { deadline = ${fill('1')}\n}`],
    ['a value of blanks and dots', () => `a = ${fill(' .')}`],
    ['a value of white space', () => `a = ${fill(' ')}x`],
    ['blanks', () => fill(' ')],
    ['line breaks', () => fill('\r\n')],
    ['pairs in one line', () => fillSettings('a1=b ;')],
    ['pairs in lines', () => fillSettings('log_keep = 1\n')],
    ['settings of a module in one line', () => `module m { ${fillSettings('k = v ; ')} }`],
    ['settings of ours in one line', () => `module m { ${fillSettings('window = 1 ; ')} }`],
    ['settings in a section', () => `module m { config { ${fillSettings('k=v ;')} } }`],
    ['sections', () => `module m { ${fillSettings('config { k = v } ')} }`],
    ['modules', () => Array.from({ length: 20_000 }, (_, i) => `module = m${i} ;`).join('')],
    ['opening braces', () => fill('{')],
    ['nested sections', () => `module m { ${fill('config { ')}`],
    ['nested modules', () => fill('module a { ')],
    ['comments', () => fill('/* */')],
    ['comments without an end', () => fill('/*')],
    ['slashes', () => fill('/')],
    ['comments in a line', () => fill(' # x')],
    ['one string', () => `a = "${fill('x')}"`],
    ['one string of escapes', () => `a = "${fill('\\n')}"`],
    ['a string without an end', () => `a = "${fill('x')}`],
    ['quotes', () => fill('"')],
    ['wide characters', () => `a = ${fill('\u{1F600}')}`],
    ['NUL bytes', () => fill('\0')],
    ['equals signs', () => fill('=')],
  ])('megabytes of %s end in a configuration or an error with a short message', (_, make) => {
    const result = attempt(make());
    if (result instanceof ConfigError) expect(result.message.length).toBeLessThan(500);
    else for (const { message } of result.warnings.slice(0, 10)) expect(message.length).toBeLessThan(500);
  });
});
