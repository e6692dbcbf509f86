import { describe, expect, it } from 'vitest';
import { routeOf } from '../../../../../src/host-runner/services/http/connection.js';
import { redirect } from '../../../../../src/host-runner/services/http/redirect.js';
import {
  type HttpAsk,
  limitsOf,
  prepare,
  retryDelayMs,
  toTimerMs,
} from '../../../../../src/host-runner/services/http/request.js';
import { NOTHING } from '../../../../integration/http-client/visitor.js';

const ask = (options: Partial<HttpAsk>) => prepare({ ...NOTHING, url: 'http://host/', ...options });
const named = (options: Partial<HttpAsk>, name: string) =>
  ask(options).headers.filter(([other]) => other.toLowerCase() === name);

describe('a request of a module', () => {
  it('is a GET, or a POST with a type', () => {
    expect(ask({})).toMatchObject({ method: 'GET', body: null, decode: false, proxy: null });
    expect(named({}, 'content-type')).toEqual([]);
    expect(named({ content_type: 'a/b' }, 'content-type')).toEqual([['Content-Type', 'a/b']]);
    const post = Buffer.from('x');
    expect(ask({ post })).toMatchObject({ method: 'POST', body: post });
    expect(named({ post }, 'content-type')).toEqual([['Content-Type', 'application/x-www-form-urlencoded']]);
    expect(named({ post, content_type: 'a/b' }, 'content-type')).toEqual([['Content-Type', 'a/b']]);
  });

  it('takes an empty text as none', () => {
    const empty = { user_agent: '', accept: '', encoding: '', content_type: '', extra_header: '\n \n', proxy: ' ' };
    expect(ask({ ...empty, post: Buffer.alloc(0) })).toEqual(ask({ post: Buffer.alloc(0) }));
  });

  it('keeps fields of one name that the module wrote, and drops ours', () => {
    expect(named({ cookie: 'ours', extra_header: 'Cookie: a\ncookie: b' }, 'cookie')).toEqual([
      ['Cookie', 'a'],
      ['cookie', 'b'],
    ]);
  });

  it('reads lines however they end, and fields without a value', () => {
    const { headers } = ask({ user_agent: ' agent\r\n', extra_header: '\tA : b c\t\r\n\r\nB:\nC:d:e' });
    expect(headers).toEqual([
      ['User-Agent', 'agent'],
      ['A', 'b c'],
      ['B', ''],
      ['C', 'd:e'],
    ]);
  });

  it('is bounded, by default or as asked', () => {
    expect(limitsOf(NOTHING)).toEqual({
      connectSeconds: 10,
      headerSeconds: 30,
      bodySeconds: 30,
      totalSeconds: 300,
      redirects: 5,
      retries: 0,
    });
    const asked = {
      conn_timeout: 1,
      header_timeout: 2,
      body_timeout: 3,
      total_timeout: 4,
      maxredirects: 6,
      retries: 7,
    };
    expect(Object.values(limitsOf({ ...NOTHING, ...asked }))).toEqual([1, 2, 3, 4, 6, 7]);
  });

  it('still waits long when its time is very long', () => {
    expect([1, 2 ** 31, 2 ** 64].map(toTimerMs)).toEqual([1000, 2 ** 31 - 1, 2 ** 31 - 1]);
  });

  it('is tried again after longer and longer waits', () => {
    expect([1, 2, 3, 7, 1000, 2 ** 40].map(retryDelayMs)).toEqual([100, 200, 400, 5000, 5000, 5000]);
  });
});

describe('a request that is sent on', () => {
  const given = ask({ url: 'http://u:p@host/a', post: Buffer.from('x'), cookie: 'c', extra_header: 'Host: h\nX: y' });
  const names = (location: string, status = 307) => redirect(given, status, location).headers.map(([name]) => name);

  it('does not change on the same server', () => {
    expect(redirect(given, 307, '/b')).toEqual({ ...given, url: new URL('http://host/b') });
    expect(redirect(given, 308, '/b').method).toBe('POST');
  });

  it.each([301, 302, 303])('becomes a GET after %i', (status) => {
    expect(redirect(given, status, '/b')).toMatchObject({ method: 'GET', body: null });
    expect(names('/b', status)).toEqual(['User-Agent', 'Cookie', 'Authorization', 'Host', 'X']);
  });

  it.each(['https://host/a', 'http://host:81/', '//other/'])('says less to another server: %s', (location) => {
    expect(names(location)).toEqual(['User-Agent', 'Content-Type', 'X']);
  });

  it('takes the user of the address that it is sent on to', () => {
    expect(redirect(given, 307, 'http://v:q@other/').headers).toContainEqual(['Authorization', 'Basic djpx']);
  });
});

describe('the way to a server', () => {
  it('is shared by what may share connections', () => {
    const key = (url: string, proxy: string | null = null) => routeOf(ask({ url, proxy })).key;
    expect(key('http://u:p@host/a')).toBe(key('http://host/b'));
    expect(key('http://a/', 'proxy')).toBe(key('http://b/', 'proxy'));
    const others = [
      key('http://host/'),
      key('https://host/'),
      key('http://host:81/'),
      key('http://host/', 'proxy'),
      key('http://host/', 'u:p@proxy'),
      key('https://host/', 'proxy'),
      key('https://other/', 'proxy'),
      key('https://host/', 'u:p@proxy'),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});
