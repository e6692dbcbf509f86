/** Makes the request to send of what a module asks for. Pure. */

import { VERSION } from '../../../paths.js';
import { HttpFailure } from './failure.js';
import { type Header, override, parseExtraHeaders, toHeader } from './headers.js';
import { parseProxy, parseTarget, type Target } from './target.js';

/**
 * What a module asks for, by the names of the C structures. Texts hold one character for each byte; `null` is NULL.
 */
export interface HttpAsk {
  url: string | null;
  /** `null`: GET; else POST with these bytes. */
  post: Uint8Array | null;
  proxy: string | null;
  content_type: string | null;
  extra_header: string | null;
  user_agent: string | null;
  referrer: string | null;
  origin: string | null;
  cookie: string | null;
  encoding: string | null;
  cache_control: string | null;
  accept: string | null;
  etag: string | null;
  /** Seconds since 1970; 0: none. */
  ims: number;
  /** For this and all that follow, 0 is the default. */
  maxredirects: number;
  /** The four timeouts are in seconds. */
  conn_timeout: number;
  header_timeout: number;
  body_timeout: number;
  total_timeout: number;
  retries: number;
}

/** The bounds of one request. */
export interface Limits {
  connectSeconds: number;
  headerSeconds: number;
  /** Between two chunks of the body. */
  bodySeconds: number;
  /** From the request of the module to the end, turns, retries and redirects included. */
  totalSeconds: number;
  redirects: number;
  /** Attempts after the first. */
  retries: number;
}

/** A request, ready to be sent. */
export interface HttpRequest {
  method: 'GET' | 'POST';
  url: URL;
  headers: Header[];
  body: Uint8Array | null;
  proxy: Target | null;
  /** The module asked for an encoded body, and gets it decoded. */
  decode: boolean;
}

const DEFAULT_CONTENT_TYPE = 'application/x-www-form-urlencoded';
const LAST_SECOND_OF_YEAR_9999 = 253_402_300_799;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The options that become one field each. */
const FIELDS = [
  ['Accept', 'accept'],
  ['Accept-Encoding', 'encoding'],
  ['Cache-Control', 'cache_control'],
  ['Cookie', 'cookie'],
  ['If-None-Match', 'etag'],
  ['Origin', 'origin'],
  ['Referer', 'referrer'],
] as const;

/**
 * Makes the request that a module asks for.
 *
 * @throws HttpFailure that says which option is wrong
 */
export function prepare(ask: HttpAsk): HttpRequest {
  if (!ask.url?.trim()) throw new HttpFailure('there is no URL');
  const { url, credentials } = parseTarget(ask.url);
  const ours: Header[] = [toHeader('User-Agent', 'user_agent', ask.user_agent || `mesibo-modules/${VERSION}`)];
  for (const [name, option] of FIELDS) {
    const value = ask[option];
    if (value) ours.push(toHeader(name, option, value));
  }
  if (ask.ims > 0) ours.push(['If-Modified-Since', toHttpDate(ask.ims)]);
  if (credentials !== null) ours.push(['Authorization', `Basic ${credentials}`]);
  const type = ask.content_type || (ask.post === null ? null : DEFAULT_CONTENT_TYPE);
  if (type !== null) ours.push(toHeader('Content-Type', 'content_type', type));
  return {
    method: ask.post === null ? 'GET' : 'POST',
    url,
    headers: override(ours, parseExtraHeaders(ask.extra_header ?? '')),
    body: ask.post,
    proxy: ask.proxy?.trim() ? parseProxy(ask.proxy) : null,
    decode: Boolean(ask.encoding),
  };
}

/** The bounds that a module asks for, or the defaults. */
export function limitsOf(ask: HttpAsk): Limits {
  return {
    connectSeconds: ask.conn_timeout || 10,
    headerSeconds: ask.header_timeout || 30,
    bodySeconds: ask.body_timeout || 30,
    totalSeconds: ask.total_timeout || 300,
    redirects: ask.maxredirects || 5,
    retries: ask.retries,
  };
}

/** Limits a time for a timer. A timer that gets too long a time fires at once. */
export function toTimerMs(seconds: number): number {
  return Math.min(seconds * 1000, LONGEST_TIMER_MS);
}

/** How long to wait before another attempt. @param failed attempts so far, at least 1 */
export function retryDelayMs(failed: number): number {
  return Math.min(100 * 2 ** (failed - 1), 5000);
}

function toHttpDate(seconds: number): string {
  if (seconds > LAST_SECOND_OF_YEAR_9999) throw new HttpFailure('ims is not a time in seconds');
  return new Date(seconds * 1000).toUTCString();
}
