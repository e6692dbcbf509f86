import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig, strictError } from '../../../../src/config/load.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

/** The warnings of a configuration, in a folder that others may pass. */
function warningsOf(text: string, mode = 0o644, files: Record<string, [text: string, mode: number]> = {}) {
  const folder = makeTempDir();
  chmodSync(folder, 0o755);
  const write = (name: string, text: string, mode: number) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  };
  write('m.conf', text, mode);
  for (const [name, [text, mode]] of Object.entries(files)) write(name, text, mode);
  const config = loadConfig(join(folder, 'm.conf'));
  const said = config.warnings.map(({ position, message }) => `${position.file}:${position.line}: ${message}`);
  return { folder, config, said: said.map((line) => line.replaceAll(`${folder}/`, '')) };
}

const SECRET = 'module m {\n word = a\n api_key = b\n password = c\n}\n';

afterEach(() => {
  delete process.env.EXPOSED_TEST;
});

describe('a secret in a file that others can read', () => {
  it('gets one warning for each file, at the first secret, and is refused by --strict', () => {
    const { said, config } = warningsOf(SECRET);
    expect(said).toEqual([
      'm.conf:3: module m: api_key has a secret, and every user of this machine can read this file (mode 0644); ' +
        'let only the user of the core read it, as with chmod 0600 m.conf, or put the secret into a file of its own: api_key = @/path',
    ]);
    expect(strictError(config)?.message).toContain('m.conf:3:2: module m: api_key has a secret');
  });

  it.each([
    'module m { url = http://u:p@h }',
    'module m { config { token = t } }',
    'module m { env { DB_PASSWORD = x } }',
    'module m { auth = ${EXPOSED_TEST:-built-in} }',
    'module m { db = "password=abc host=${EXPOSED_TEST:-h}" }',
    'webhook = https://h/?token=abc\nwebhook_secret = /none',
  ])('gets a warning in %s', (text) => {
    const { said } = warningsOf(text);
    expect(said.filter((line) => line.includes('every user of this machine'))).toHaveLength(1);
  });

  it.each([
    'module m { word = a ; pass_env = TOKEN ; token_file = /x ; auth = off ; password = "" }',
    'module m { password = ${EXPOSED_TEST} }',
    'module m { url = http://u:${EXPOSED_TEST}@h }',
    'http = unix:h.sock\nhttp_token = ./token',
  ])('is not found in %s', (text) => {
    process.env.EXPOSED_TEST = 'hush';
    expect(warningsOf(text).said.filter((line) => line.includes('every user'))).toEqual([]);
  });

  it.each([0o600, 0o640, 0o700, 0o660])('gets no warning in a file of mode %o', (mode) => {
    expect(warningsOf(SECRET, mode).said).toEqual([]);
  });

  it('is found in included files', () => {
    const { said } = warningsOf('include = *.inc', 0o644, {
      'a.inc': [SECRET, 0o600],
      'b.inc': ['module n { key = x }', 0o604],
    });
    expect(said).toEqual([expect.stringMatching(/^b\.inc:1: module n: key has a secret, .* \(mode 0604\)/)]);
  });

  it('is found in the files of values', () => {
    const text = 'module m {\n key = @./closed\n password = @./open\n words = @./words\n}';
    const files: Parameters<typeof warningsOf>[2] = { closed: ['a', 0o600], open: ['b', 0o644], words: ['c', 0o644] };
    expect(warningsOf(text, 0o644, files).said).toEqual([
      'm.conf:3: module m: password has a secret, and every user of this machine can read its file open (mode 0644); ' +
        'let only the user of the core read it, as with chmod 0600 open',
    ]);
  });

  it('is out of reach of others in a closed folder', () => {
    const { folder } = warningsOf(SECRET);
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep/m.conf'), SECRET);
    expect(loadConfig(join(folder, 'deep/m.conf')).warnings).toHaveLength(1);
    chmodSync(folder, 0o700);
    expect(loadConfig(join(folder, 'deep/m.conf')).warnings).toEqual([]);
  });
});
