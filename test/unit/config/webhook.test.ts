import { describe, expect, it } from 'vitest';
import { keepsSends } from '../../../src/config/keeps-sends.js';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';

const SECRET = 'webhook_secret = w.secret';
const parse = (text: string) => parseConfig(text, '/etc/m/mesibo.conf');
const read = (webhook: string) => parse(`webhook = ${webhook}\n${SECRET}`).webhook;

describe('webhook', () => {
  it.each([
    ['OFF', 'off'],
    ['http://chat.example', 'http://chat.example/'],
    ['HTTPS://Chat.Example:443/hooks?a=1', 'https://chat.example/hooks?a=1'],
    ['http://127.0.0.1:8080/x', 'http://127.0.0.1:8080/x'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x'],
  ])('= %s means %s', (written, meant) => {
    expect(read(written)).toBe(meant);
    expect(makeConfig({ webhook: written, webhookSecret: 'w' }).webhook).toBe(meant);
  });

  it.each(['yes', 'chat.example', '127.0.0.1:8080', '/hook', 'http://', `http://h/${'x'.repeat(3000)}`])(
    '= %s is a mistake',
    (written) => {
      expect(() => read(written)).toThrow(/found .* for webhook, expected an http or https URL/);
      expect(() => makeConfig({ webhook: written, webhookSecret: 'w' })).toThrow('expected an http or https URL');
    },
  );

  it.each([
    ['ftp://user:hidden@h/hidden', 'ftp://h/...'],
    ['https://user:hidden@h/hidden', 'https://h/...'],
    ['https://hidden@h:1/', 'https://h:1/...'],
    ['https://h/hidden#hidden', 'https://h/...'],
    ['https://h:99999999/hidden', 'https:///...'],
  ])('= %s is a mistake, and its secret parts are not shown', (written, shown) => {
    let said = '';
    try {
      read(`"${written}"`);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain(`found "${shown}" for webhook, expected an http or https URL`);
    expect(said).not.toContain('hidden');
  });

  it('needs webhook_secret, and says how to make one', () => {
    const words = /found webhook without webhook_secret, expected both: .*openssl rand -base64 32/;
    expect(() => parse('\nwebhook = http://h/')).toThrow(words);
    expect(() => parse('\nwebhook = http://h/')).toThrow(/^\/etc\/m\/mesibo.conf:2:1: /);
    expect(() => makeConfig({ webhook: 'http://h/' })).toThrow(words);
    expect(parse(SECRET)).toMatchObject({ webhook: 'off', webhookSecret: '/etc/m/w.secret' });
  });

  it('has ten seconds for its answer, or the configured time', () => {
    expect(parse('').webhookTimeoutMs).toBe(10_000);
    expect(parse('webhook_timeout = 30s').webhookTimeoutMs).toBe(30_000);
  });
});

it.each([
  ['auto', 'off', 'off', true],
  ['off', '127.0.0.1:0', 'off', true],
  ['off', 'off', 'http://h/', true],
  ['off', 'off', 'off', false],
])(
  'with gateway = %s, http = %s and webhook = %s messages of modules are kept: %s',
  (gateway, http, webhook, isKept) => {
    expect(keepsSends({ gateway, http, webhook })).toBe(isKept);
  },
);
