import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/load.js';
import { catchConfigError } from '../helpers.js';

const VARIABLES = { NAME: 'value', EMPTY: '', ODD: '${NAME} " # ; }\n@/x', TIME: '3s', API_TOKEN: 'hush' };

const parse = (text: string) => parseConfig(text, '/etc/m.conf', () => false, VARIABLES);
const meaningOf = (written: string) => parse(`module m {\n k = ${written}\n}`).modules[0]?.config[0]?.[1];

describe('a value', () => {
  it.each([
    ['${NAME}', 'value'],
    ['a ${NAME}/${NAME}b', 'a value/valueb'],
    ['"a # ${NAME}"', 'a # value'],
    ['"\\"${NAME}\\""', '"value"'],
    ['${NAME} # comment', 'value'],
    ['${EMPTY}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${NONE:-}', ''],
    ['${NONE:-a b:-c}', 'a b:-c'],
    ['"${NONE:-a # b}"', 'a # b'],
    ['${NONE:-@/x}', '@/x'],
    ['${NAME:-x}', 'value'],
    ['${ODD}', VARIABLES.ODD],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$NAME $ $$ {NAME} $(NAME)', '$NAME $ $$ {NAME} $(NAME)'],
  ])('written as %s means %j', (written, value) => expect(meaningOf(written)).toBe(value));

  it('of ours and of the environment has variables too', () => {
    const { modules, logKeep } = parse('log_keep = ${NONE:-7}\nmodule m { deadline = ${TIME} ; env { A = ${NAME} } }');
    expect([logKeep, modules[0]?.deadlineMs, modules[0]?.env]).toEqual([7, 3000, [['A', 'value']]]);
  });

  it.each([
    [
      '${NONE}',
      'found ${NONE} for k, but the environment has no variable NONE; set it for the process that reads this file, or write a default: ${NONE:-value}',
    ],
    ['x${constructor}', 'the environment has no variable constructor'],
    [
      '${}',
      'found ${...} for k, expected ${NAME} or ${NAME:-default} (a ${ that is meant as it stands is written $${)',
    ],
    ['${1}', 'expected ${NAME}'],
    ['${A-B}', 'expected ${NAME}'],
    ['${A B}', 'expected ${NAME}'],
    ['"${NAME"', 'expected the } of ${NAME}'],
    ['${NAME:-${NAME}}', 'a default has no { and }'],
  ])('written as %s is refused', (written, said) => {
    const error = catchConfigError(() => meaningOf(written));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 2, column: 2 });
    expect(error.message).toContain('/etc/m.conf:2:2: module m: ');
    expect(error.message).toContain(said);
  });

  it.each(['${NAME', 'a ${NAME:-b', '${NAME:-a ; b}', '$$ ${'])('written as %s is no value', (written) => {
    const error = catchConfigError(() => meaningOf(written));
    expect(error.message).toContain(
      '/etc/m.conf:2:6: found ${ without its } in a value, expected both (write the value in quotes',
    );
  });

  it('is bounded in what its variables give', () => {
    const variables = { A: 'a'.repeat(100_000) };
    const parse = (text: string) => parseConfig(text, '/etc/m.conf', () => false, variables);
    expect(parse(`module m { k = ${'${A}'.repeat(10)} }`).modules[0]?.config[0]?.[1]).toHaveLength(1_000_000);
    const { message } = catchConfigError(() => parse(`module m { k = ${'${A}'.repeat(1000)} }`));
    expect(message).toContain('its variables give more than 1 MiB');
  });

  it('is not expanded in keys, names of modules and comments', () => {
    const { modules } = parse('# ${NONE}\nmodule m { a.b$ = 1 /* ${NONE} */ }');
    expect(modules[0]?.config).toEqual([['a.b$', '1']]);
    expect(catchConfigError(() => parse('module = ${NAME}')).code).toBe('CONFIG_SYNTAX');
  });

  it('that ends in a variable is not blamed for a block without an end', () => {
    expect(catchConfigError(() => parse('module m {\n k = ${NAME}\n')).message).not.toContain('without white space');
    expect(catchConfigError(() => parse('module m {\n k = a}\n')).message).toContain('without white space, at 2:6');
  });

  it('from a secret variable is not quoted by an error', () => {
    for (const setting of ['deadline', 'window', 'abi', 'umask', 'backoff', 'path = x ; max_crashes']) {
      const { message } = catchConfigError(() => parse(`module m { ${setting} = \${API_TOKEN} }`));
      expect(message).toMatch(/found a wrong value for \w+ in the environment, expected .{5}/);
      expect(message).not.toContain('hush');
    }
    expect(catchConfigError(() => parse('module m { deadline = ${NAME} }')).message).toContain('found "value"');
  });

  it('of a secret is not quoted by an error', () => {
    const { message } = catchConfigError(() => parse('module m { password = ${A-hush} }'));
    expect(message).toContain('found ${...} for password, expected ${NAME}');
    expect(message).not.toContain('hush');
  });

  it.each([
    ['api_key', '${API-KEY:-s3cr3t}'],
    ['word', '${API-KEY:-s3cr3t}'],
    ['api_key', '"s3cr3t${tail"'],
    ['word', '"s3cr3t${tail"'],
    ['api_key', '"s3${s3cr3t}"'],
    ['word', '@${A:-s3cr3t}'],
  ])('with a default or a part that may be a secret is not quoted: %s = %s', (key, written) => {
    const { message } = catchConfigError(() => parse(`module m {\n ${key} = ${written}\n}`));
    expect(message).toMatch(/^\/etc\/m\.conf:2:2: module m: found @?\$\{.* for \w+, (?:expected|but)/);
    expect(message).not.toMatch(/s3|tail/);
  });

  it('of a secret names the variable that is not set', () => {
    const { message } = catchConfigError(() => parse('module m { api_key = ${api_key} ; }'));
    expect(message).toContain('found ${api_key} for api_key, but the environment has no variable api_key; set it');
  });

  it('of megabytes of references takes a short time', () => {
    expect(meaningOf('${NAME}'.repeat(200_000))?.length).toBe(1_000_000);
    for (const piece of ['${', '$${', '${A:-'])
      expect(() => meaningOf(piece.repeat(200_000)), piece).not.toThrow(RangeError);
  });
});
