import { describe, expect, it } from 'vitest';
import { parseLocation, parseProxy, parseTarget } from '../../../../../src/host-runner/services/http/target.js';

const bytes = (text: string) => Buffer.from(text).toString('latin1');
const plain = (credentials: string | null) => credentials && Buffer.from(credentials, 'base64').toString();

describe('the URL of a module', () => {
  it.each([
    ['http://host', 'http://host/'],
    ['HTTPS://Host:443/A', 'https://host/A'],
    ['host', 'http://host/'],
    ['host:8080/a', 'http://host:8080/a'],
    ['host/?to=http://other/', 'http://host/?to=http://other/'],
    ['//host/a', 'http://host/a'],
    ['127.0.0.1:1', 'http://127.0.0.1:1/'],
    ['[::1]:81/a', 'http://[::1]:81/a'],
    [' \thttp://host/a b\n', 'http://host/a%20b'],
    ['http://ho\r\nst/a\r\nX: y', 'http://host/aX:%20y'],
    ['http://host/a?b#c', 'http://host/a?b'],
    [bytes('http://host/ä?ö'), 'http://host/%C3%A4?%C3%B6'],
    ['http://host/\xe4', 'http://host/%E4'],
    [bytes('http://bücher.example/'), 'http://xn--bcher-kva.example/'],
    ['http://host/%zz%41', 'http://host/%zz%41'],
  ])('%j leads to %s', (text, href) => {
    const target = parseTarget(text);
    expect(target.url.href).toBe(href);
    expect(target.credentials).toBe(null);
  });

  it.each([
    ['u:p@host', 'u:p'],
    ['http://u@host', 'u:'],
    ['http://:p@host', ':p'],
    ['u%40x:p%3a%2F@host', 'u@x:p:/'],
    ['u:a@b@host', 'u:a@b'],
    ['u:100%@host', 'u:100%'],
    [bytes('ü:ä@host'), 'ü:ä'],
  ])('%j says who asks', (text, who) => {
    const { url, credentials } = parseTarget(text);
    expect(plain(credentials)).toBe(who);
    expect(url.href).toBe('http://host/');
  });

  it.each(['http://', 'http://[', 'host:99999', 'u:secret@', 'http://a b/', 'mailto:secret'])('%j is none', (text) => {
    expect(() => parseTarget(text)).toThrow(/^the URL is not valid$/);
  });

  it.each(['ftp://secret@host', 'file:///etc/passwd', 'ws://host'])('%s has an unknown scheme', (text) => {
    const scheme = text.split('/')[0];
    const words = `the URL has the scheme ${scheme}//, and only http:// and https:// can be used`;
    expect(() => parseTarget(text)).toThrow(words);
  });
});

describe('where a response sends on to', () => {
  const base = new URL('http://host:81/a/b?c');

  it.each([
    ['/x', 'http://host:81/x'],
    ['x?y', 'http://host:81/a/x?y'],
    ['?d', 'http://host:81/a/b?d'],
    ['//other/x', 'http://other/x'],
    ['https://other#f', 'https://other/'],
    ['/\xc3\xa4', 'http://host:81/%C3%A4'],
    ['', 'http://host:81/a/b?c'],
  ])('%j', (location, href) => {
    expect(parseLocation(location, base).url.href).toBe(href);
  });

  it('may be nowhere', () => {
    expect(() => parseLocation('http://[', base)).toThrow('host:81 redirects to an address that is not a URL');
    expect(() => parseLocation('data:x', base)).toThrow('host:81 redirects to data://');
  });
});

describe('a proxy', () => {
  it.each([
    ['proxy:3128', 'http://proxy:3128/', null],
    ['http://u:p@proxy', 'http://proxy/', 'u:p'],
    [' [::1]:3128 ', 'http://[::1]:3128/', null],
  ])('%j', (text, href, who) => {
    const { url, credentials } = parseProxy(text);
    expect([url.href, plain(credentials)]).toEqual([href, who]);
  });

  it('is http', () => {
    expect(() => parseProxy('socks5://u:secret@p')).toThrow(
      'proxy has the scheme socks5://, and only http:// can be used',
    );
    expect(() => parseProxy('u:secret@')).toThrow(/^proxy is not valid$/);
  });
});
