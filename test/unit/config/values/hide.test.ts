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
    ['header', 'Authorization: Token x', 'Authorization: Token (hidden)'],
    ['header', 'X-Api-Key: x', 'X-Api-Key: (hidden)'],
    ['db', "host=db password='my secret'", 'host=db password=(hidden)'],
    ['db', 'host=db password=s3 cr3t', 'host=db password=(hidden)'],
    ['db', 'host=db password=p user=u password=q r', 'host=db password=(hidden) user=u password=(hidden)'],
    ['db', 'Server=h;Pwd=a,b', 'Server=h;Pwd=(hidden)'],
    ['db', 'Server=h;Pwd={a;b};', 'Server=h;Pwd=(hidden)'],
    ['v', 'token="x"', 'token=(hidden)'],
    ['v', '{"user":"u","password":"x"}', '{"user":"u","password":(hidden)'],
    ['v', '{\\"password\\":\\"x\\"}', '{\\"password\\":(hidden)'],
    ['v', "['password' => 'x']", "['password' => (hidden)"],
    ['v', '<password>x</password>', '<password>(hidden)'],
    ['v', 'a, password: x', 'a, password: (hidden)'],
    ['v', 'password = x', 'password = (hidden)'],
    ['command', 'x --password x --host h', 'x --password (hidden)'],
    ['command', 'curl -u user:x https://h', 'curl -u user:(hidden)'],
    ['command', 'curl --user user:x', 'curl --user user:(hidden)'],
    ['proxy', 'user:x@proxy:3128', 'user:(hidden)@proxy:3128'],
    ['proxy', 'user:x@y@proxy', 'user:(hidden)@proxy'],
    ['account', 'sip:u:x@h', 'sip:u:(hidden)@h'],
    ['url', '//user:x@h', '//user:(hidden)@h'],
    ['url', 'https://user:pa/ss@h', '(hidden)'],
    ['url', 'https://user:pa ss@h', '(hidden)'],
    ['url', 'https://user:p@ss#w@host/', '(hidden)'],
    ['url', 'https://h,https://v:q@i', '(hidden)'],
    ['url', 'https://h/?sig=x', 'https://h/?sig=(hidden)'],
    ['url', 'https://h/?X-Amz-Signature=x&a=b', 'https://h/?X-Amz-Signature=(hidden)&a=b'],
    ['url', 'https://hooks.slack.com/services/T0/B0/x', 'https://hooks.slack.com/services/(hidden)'],
    ['url', 'https://api.telegram.org/bot1:x/send', 'https://api.telegram.org/bot(hidden)'],
    ['v', 'a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln b', 'a (hidden) b'],
    ['bot', `123456789:${'A'.repeat(35)}`, '(hidden)'],
    ['public_key', 'http://u:p@h', 'http://u:(hidden)@h'],
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
    ['url', 'https://[::1]:80/x@y'],
    ['url', 'wss://h:443, ws://h'],
    ['url', 'https://h/?auth=off&a=b'],
    ['account', 'sip:alice@example.org'],
    ['account', '@alice:example.org'],
    ['command', 'x --max-tokens 5 --host h -v'],
    ['note', 'time: 10:30, place: here'],
    ['token_url', 'https://h/oauth/token'],
    ['cert', '-----BEGIN CERTIFICATE-----'],
  ])('%s = %s is shown', (key, value) => {
    expect(hideSecrets(key, value)).toEqual({ value, hidden: false });
    expect(holdsSecret(key, value)).toBe(false);
  });

  it('is not shown beyond the searched part', () => {
    const { value, hidden } = hideSecrets('words', `${'w'.repeat(100_000)} password=p`);
    expect([value.length, value.endsWith('w(hidden)'), hidden]).toEqual([64 * 1024 + 8, true, true]);
  });

  it.each([
    'a://',
    '://a:',
    'x=',
    'bearer ',
    '@',
    'a',
    '=',
    'a:',
    'key=a ',
    'eyJ-',
    '-u ',
    '//a@',
    'key ',
    '--key',
    'key=a,b',
  ])('of megabytes of "%s" takes a short time', (piece) => {
    const began = performance.now();
    hideSecrets('k', piece.repeat(10_000_000 / piece.length));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
