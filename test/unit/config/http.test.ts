/** The settings of HTTP: what they may be, and what becomes of them. */

import { expect, it } from 'vitest';
import { formatHttpAddress, parseHttpAddress } from '../../../src/config/http-address.js';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';

const parse = (text: string) => parseConfig(text, '/etc/mesibo/mesibo.conf', () => false);

it.each([
  ['off', null],
  ['OFF', null],
  ['127.0.0.1:7780', { kind: 'tcp', host: '127.0.0.1', port: 7780 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
  ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
  ['[fe80::1%eth0]:1', { kind: 'tcp', host: 'fe80::1%eth0', port: 1 }],
  ['unix:http.sock', { kind: 'unix', path: '/etc/mesibo/http.sock' }],
  ['unix:/run/a b', { kind: 'unix', path: '/run/a b' }],
])('http = %s is taken', (written, address) => {
  const { http } = parse(`http = "${written}"\nhttp_token = token`);
  expect(parseHttpAddress(http)).toEqual(address);
});

it.each([
  '7780',
  '127.0.0.1',
  ':7780',
  '*:7780',
  '::1:7780',
  '127.0.0.1:65536',
  'http://a:1',
  'unix:',
  'auto',
  '/run/s',
])('http = %s is a mistake', (written) => {
  const expected = 'expected HOST:PORT, [V6]:PORT, unix:PATH, or off';
  expect(() => parse(`http = ${written}\nhttp_token = token`)).toThrow(expected);
  expect(() => makeConfig({ http: written, httpToken: 'token' })).toThrow(expected);
});

it('an address with a port needs a token, a socket needs none, and the file is found beside the configuration', () => {
  const expected = 'found http = 127.0.0.1:7780 without http_token, expected a file with a token';
  expect(() => parse('# a comment\nhttp = 127.0.0.1:7780')).toThrow(`/etc/mesibo/mesibo.conf:2:1: ${expected}`);
  expect(() => parse('http = 127.0.0.1:7780\nhttp_token = none')).toThrow(expected);
  expect(() => makeConfig({ http: '127.0.0.1:7780' })).toThrow(expected);
  expect(parse('http = unix:s')).toMatchObject({ http: 'unix:/etc/mesibo/s', httpToken: null });
  expect(parse('http_token = a/token')).toMatchObject({ http: 'off', httpToken: '/etc/mesibo/a/token' });
  expect(makeConfig({ httpToken: '/a/token' })).toMatchObject({ http: 'off', httpToken: '/a/token' });
});

it('a written address can be read again', () => {
  expect(formatHttpAddress('127.0.0.1', 80)).toBe('127.0.0.1:80');
  expect(parseHttpAddress(formatHttpAddress('::1', 80))).toEqual({ kind: 'tcp', host: '::1', port: 80 });
});
