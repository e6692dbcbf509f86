/** Where a redirect leads. Pure. */

import { type Header, isNamed, override } from './headers.js';
import type { HttpRequest } from './request.js';
import { parseLocation } from './target.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** A POST goes on as a GET after these, as browsers do it. */
const TO_GET = new Set([301, 302, 303]);

/** Fields that only one server may see. */
const PRIVATE = ['authorization', 'cookie', 'host'];

/** Whether a response is a redirect to its `Location`. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * The request to make instead.
 *
 * @param location a character for each byte
 * @throws HttpFailure when the redirect cannot be followed
 */
export function redirect(request: HttpRequest, status: number, location: string): HttpRequest {
  const { url, credentials } = parseLocation(location, request.url);
  let { headers } = request;
  if (url.origin !== request.url.origin) headers = without(headers, PRIVATE);
  if (credentials !== null) headers = override(headers, [['Authorization', `Basic ${credentials}`]]);
  if (request.method === 'GET' || !TO_GET.has(status)) return { ...request, url, headers };
  return { ...request, url, method: 'GET', body: null, headers: without(headers, ['content-type']) };
}

function without(headers: Header[], names: string[]): Header[] {
  return headers.filter((header) => !names.some((name) => isNamed(header, name)));
}
