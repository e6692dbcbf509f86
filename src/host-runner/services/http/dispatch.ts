/** A request in the words of undici: pure. */

import type { Dispatcher } from 'undici';
import { type Header, hasHeader } from './headers.js';
import type { HttpRequest } from './request.js';

/** The request that a client dispatches. Through a proxy, a request without TLS names its whole URL. */
export function toDispatch({ method, url, headers, body, proxy }: HttpRequest): Dispatcher.DispatchOptions {
  const path = `${url.pathname}${url.search}`;
  const all: Header[] = hasHeader(headers, 'host') ? headers : [['Host', url.host], ...headers];
  if (proxy === null || url.protocol === 'https:') return { method, path, body, headers: all.flat() };
  const { credentials } = proxy;
  const authorization: Header[] = credentials === null ? [] : [['Proxy-Authorization', `Basic ${credentials}`]];
  return { method, path: `${url.origin}${path}`, body, headers: [...all, ...authorization].flat() };
}
