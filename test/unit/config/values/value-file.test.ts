import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeSpec } from '../../../../src/config/describe.js';
import { loadConfig, parseConfig } from '../../../../src/config/load.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';
import { catchConfigError } from '../helpers.js';

/** A folder with a configuration, and a file of a value beside it. */
function write(text: string, value: string | Uint8Array = 'hush\n') {
  const folder = makeTempDir();
  const file = join(folder, 'm.conf');
  writeFileSync(file, text.replaceAll('FOLDER', folder));
  writeFileSync(join(folder, 'value'), value, { mode: 0o600 });
  return { folder, file };
}

const meaningOf = (written: string, value?: string | Uint8Array) => {
  return loadConfig(write(`module m {\n k = ${written}\n}`, value).file).modules[0]?.config[0]?.[1];
};

describe('a value that names a file', () => {
  it.each([
    ['@./value', 'hush\n', 'hush'],
    ['@FOLDER/value', 'hush', 'hush'],
    ['@../$(basename)/value', '', null],
    ['@./value # comment', 'a\n\nb\n\n', 'a\n\nb\n'],
    ['@./value', 'a\r\n', 'a'],
    ['@./value', '\uFEFFhush\n', 'hush'],
    ['@./value', '', ''],
    ['@./value', '${NOT_SET_ANYWHERE} @./value # " }', '${NOT_SET_ANYWHERE} @./value # " }'],
    ['@${NOT_SET_ANYWHERE:-./value}', 'x', 'x'],
    ['"@./value"', 'hush', '@./value'],
    ['@alice', 'hush', '@alice'],
    ['@', 'hush', '@'],
    ['@.hidden', 'hush', '@.hidden'],
    ['me@./value', 'hush', 'me@./value'],
    ['$${@./value}', 'hush', '${@./value}'],
  ])('written as %s, with %j in it', (written, content, value) => {
    if (value === null) expect(() => meaningOf(written, content)).toThrow('cannot be read: it does not exist');
    else expect(meaningOf(written, content)).toBe(value);
  });

  it('has no part that is an empty variable', () => {
    process.env.VALUE_TEST = '';
    const error = catchConfigError(() => meaningOf('@${VALUE_TEST}/etc/hostname'));
    delete process.env.VALUE_TEST;
    expect(error.message).toContain('module m: found ${VALUE_TEST} for k, which is empty; a part of a path cannot be');
  });

  it.each([
    ['@keys/bot.key', 'x', 'module m: k is text that begins with @; for the content of a file write @/path or @./path'],
    ['@~/bot.key', 'x', 'module m: k is text that begins with @'],
    ['@./value', '', 'module m: the file FOLDER/value of k is empty'],
    ['@./value', '\n', 'module m: the file FOLDER/value of k is empty'],
  ])('is minded when it may be another than was meant: %s, with %j in it', (written, content, said) => {
    const { folder, file } = write(`module m {\n k = ${written}\n}`, content);
    const { warnings } = loadConfig(file);
    expect(warnings).toEqual([
      { position: { file, line: 2, column: 2 }, message: expect.stringContaining(said.replace('FOLDER', folder)) },
    ]);
  });

  it.each(['@alice', '"@keys/bot.key"', 'me@keys/x', '@', '${NOT_SET_ANYWHERE:-x}@a/b'])(
    'is not minded as %s',
    (written) => {
      expect(loadConfig(write(`module m { k = ${written} }`).file).warnings).toEqual([]);
    },
  );

  it('is relative to the folder of the file that has it', () => {
    const { folder, file } = write('include = sub/a.conf');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/a.conf'), 'module m { k = @./v ; env { E = @../value } ; stop_timeout = @./t }');
    writeFileSync(join(folder, 'sub/v'), 'below');
    writeFileSync(join(folder, 'sub/t'), '7s\n');
    const spec = loadConfig(file).modules[0];
    expect([spec?.config, spec?.env, spec?.stopTimeoutMs]).toEqual([[['k', 'below']], [['E', 'hush']], 7000]);
    const { settings, env, config } = describeSpec(spec as never);
    expect([...settings, ...env, ...config].filter(({ hidden }) => hidden)).toMatchObject([
      { key: 'stop_timeout', value: '(hidden)', origin: expect.stringMatching(/sub\/a\.conf:1:47$/) },
      { key: 'E', value: '(hidden)' },
      { key: 'k', value: '(hidden)' },
    ]);
  });

  it.each<[what: string, written: string, said: string]>([
    [
      'is missing',
      '@./gone',
      'the file FOLDER/gone of k cannot be read: it does not exist; write it, or write the value in quotes',
    ],
    ['is a folder', '@./', 'it is a folder'],
    ['is a pipe', '@./pipe', 'it is a pipe, a socket or a device'],
    ['is a device', '@/dev/zero', 'it is a pipe, a socket or a device'],
    ['is a circle of links', '@./circle', 'its symbolic links lead in a circle'],
    ['is huge', '@./huge', 'it has more than 1 MiB'],
    ['has a NUL', '@./nul', 'it has a NUL byte'],
    ['is no UTF-8', '@./latin1', 'it is not text in UTF-8'],
    ['is no path after all', '@${NOT_SET_ANYWHERE:-alice}', 'found @${...} for k, expected @ and a path'],
  ])('is refused when it %s', (_, written, said) => {
    const { folder, file } = write(`module m {\n k = ${written}\n}`);
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
    symlinkSync('circle', join(folder, 'circle'));
    writeFileSync(join(folder, 'huge'), 'h'.repeat(1024 * 1024 + 1));
    writeFileSync(join(folder, 'nul'), 'a\0b');
    writeFileSync(join(folder, 'latin1'), Uint8Array.of(0xe4));
    const error = catchConfigError(() => loadConfig(file));
    expect(error).toMatchObject({ file, line: 2, column: 2 });
    expect(error.message).toContain(said.replace('FOLDER', folder));
  });

  it.skipIf(process.getuid?.() === 0)('is refused when it may not be read', () => {
    const { folder, file } = write('module m { k = @./value }');
    chmodSync(join(folder, 'value'), 0);
    expect(catchConfigError(() => loadConfig(file)).message).toContain('permission to read it');
  });

  it('is not quoted by an error', () => {
    const said = (text: string) => catchConfigError(() => loadConfig(write(text).file)).message;
    expect(said('module m { deadline = @./value }')).toMatch(
      /module m: found a wrong value for deadline in the file \S+\/value, expected a duration from 1ms to 24h$/,
    );
    expect(said('log_keep = @./value')).toMatch(/for log_keep in the file .*, expected a whole number/);
    expect(said('webhook = @./value\nwebhook_secret = /x')).not.toContain('hush');
  });

  it('is distinguished from the settings that want a path', () => {
    for (const key of ['http_token', 'webhook_secret']) {
      const { message } = catchConfigError(() => loadConfig(write(`${key} = @./value`).file));
      expect(message).toContain(`found "@./value" for ${key}, expected the path of the file, without the @`);
    }
  });

  it('is not read for a text', () => {
    const error = catchConfigError(() => parseConfig('module m { k = @/etc/hostname }', '/m.conf', () => false));
    expect(error.message).toContain('a text cannot have the file of a value; let loadConfig read a file');
  });
});
