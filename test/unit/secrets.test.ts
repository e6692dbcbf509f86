/** Secrets that are too weak to be used, and that none of them is shown. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { findSecretProblem, keyOf, readToken, readWebhookKey } from '../../src/secrets.js';
import { makeTempDir } from '../helpers/temp-dir.js';

function makeFile(secret: string, name = 'secret'): string {
  const file = join(makeTempDir(), name);
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

describe('a token', () => {
  it('of 16 bytes is taken', () => {
    expect(readToken(makeFile('0123456789abcdef'))).toBe('0123456789abcdef');
  });

  it.each(['x', '0123456789abcde'])(
    'that is shorter (%s) is refused with the command that makes a longer one',
    (token) => {
      const file = makeFile(token, 'a token');
      const words = `http_token: the first line of ${file} has ${token.length} byte${token.length === 1 ? '' : 's'}, but needs at least 16`;
      const remedy = `make another token: (umask 077; head -c 24 /dev/urandom | base64 > '${file}')`;
      expect(() => readToken(file)).toThrow(
        expect.objectContaining({ code: 'CONFIG_VALUE', message: `${words}; ${remedy}` }),
      );
      expect(findSecretProblem(file, 'http_token')).toBe(`${words}; ${remedy}`);
      const config = join(makeTempDir(), 'mesibo.conf');
      writeFileSync(config, `http = 127.0.0.1:0\nhttp_token = "${file}"`);
      const [warning] = loadConfig(config).warnings;
      expect(warning).toMatchObject({ message: `${words}; ${remedy}` });
    },
  );
});

describe('the key of a secret', () => {
  it('is the secret as it is, or the bytes that it encodes', () => {
    expect(keyOf('0123456789abcdef', 'f')).toEqual(Buffer.from('0123456789abcdef'));
    expect(keyOf('whsec_MDEyMzQ1Njc4OWFiY2RlZg==', 'f')).toEqual(Buffer.from('0123456789abcdef'));
  });

  it.each(['short', 'whsec_c2hvcnQ='])('is refused when it is too short (%s), without being shown', (secret) => {
    const file = makeFile(secret);
    const words = `webhook_secret: the first line of ${file} makes a key of 5 bytes, but needs at least 16`;
    const problem = findSecretProblem(file, 'webhook_secret');
    expect(problem).toBe(`${words}; make another secret, for example with "openssl rand -base64 32"`);
    expect(() => readWebhookKey(file)).toThrow(words);
  });

  it.each([
    'whsec_MDEyMzQ1Njc4OWFiY2RlZg',
    'whsec_MDEyMzQ1Njc4OWFiY2RlZh==',
    'whsec_MDEyMzQ1Njc4-WFiY2RlZg==',
    'whsec_MDEy!zQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!',
  ])('is refused when other receivers would decode it differently: %s', (secret) => {
    const file = makeFile(secret);
    const words = `webhook_secret: the first line of ${file} begins with whsec_, and what follows is not base64; make another`;
    expect(() => readWebhookKey(file)).toThrow(words);
    expect(findSecretProblem(file, 'webhook_secret')).not.toContain(secret);
  });
});
