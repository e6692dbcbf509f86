import { describe, expect, it } from 'vitest';
import { hideSecrets, holdsSecret } from '../../../../src/config/values/hide.js';

const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----';

describe('a value', () => {
  it.each([
    ['password', 'x', '(hidden)'],
    ['password', '1', '(hidden)'],
    ['cert', PEM, '(hidden)'],
    ['url', 'http://u:p@h/x', 'http://u:(hidden)@h/x'],
    ['url', 'http://:p@h', 'http://:(hidden)@h'],
    ['url', 'redis://u:p@ss@h:1/0', 'redis://u:(hidden)@h:1/0'],
    ['url', 'a http://u:p@h, https://v:q@i', 'a http://u:(hidden)@h, https://v:(hidden)@i'],
    ['dsn', 'https://0a1b2c@sentry.example/1', 'https://(hidden)@sentry.example/1'],
    ['url', 'https://h/x?a=1&api_key=abc&token=def#t', 'https://h/x?a=1&api_key=(hidden)&token=(hidden)'],
    ['db', 'host=h user=u password=p', 'host=h user=u password=(hidden)'],
    ['db', 'Server=h;Password=p;Port=1', 'Server=h;Password=(hidden);Port=1'],
    ['header', 'Authorization: Bearer abcdef.ghi', 'Authorization: Bearer (hidden)'],
  ])('%s = %s is shown as %s', (key, value, shown) => {
    expect(hideSecrets(key, value)).toEqual({ value: shown, hidden: true });
    expect(holdsSecret(key, value)).toBe(true);
  });

  it.each([
    ['password', ''],
    ['auth', 'off'],
    ['auth', 'None'],
    ['token', 'auto'],
    ['url', 'http://h:80/x@y'],
    ['url', 'ssh://git@h/x'],
    ['mail', 'a@b'],
    ['url', 'https://h/?a=b&monkey=c&token='],
    ['words', 'darn,heck'],
    ['note', 'basic auth'],
    ['cert', '-----BEGIN CERTIFICATE-----'],
  ])('%s = %s is shown', (key, value) => {
    expect(hideSecrets(key, value)).toEqual({ value, hidden: false });
    expect(holdsSecret(key, value)).toBe(false);
  });

  it('is not shown beyond the searched part', () => {
    const { value, hidden } = hideSecrets('words', `${'w'.repeat(100_000)} password=p`);
    expect([value.length, value.endsWith('w(hidden)'), hidden]).toEqual([64 * 1024 + 8, true, true]);
  });

  it.each(['a://', '://a:', 'x=', 'bearer ', '@', 'a', '='])('of megabytes of "%s" takes a short time', (piece) => {
    const began = performance.now();
    hideSecrets('k', piece.repeat(10_000_000 / piece.length));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
