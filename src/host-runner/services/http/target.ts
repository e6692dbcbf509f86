/** Where a request goes: URLs as modules write them. Pure. */

import { HttpFailure } from './failure.js';

/** An address, and the credentials in it. */
export interface Target {
  /** Without user, password and fragment. */
  url: URL;
  /** `user:password`, in Base64 as Basic authentication wants it; `null` without. */
  credentials: string | null;
}

/** Each character of a text stands for one byte. */
type Bytes = string;

/**
 * Reads the URL of a module. Without a scheme it is an http URL.
 *
 * @throws HttpFailure when it is not a URL, or has another scheme
 */
export function parseTarget(text: Bytes): Target {
  return toTarget(parse(text.trim(), 'the URL', ['http:', 'https:']));
}

/**
 * Reads the target of a redirect.
 *
 * @throws HttpFailure when it is not a URL, or has another scheme
 */
export function parseLocation(location: Bytes, base: URL): Target {
  const url = tryParse(escapeBytes(location), base);
  if (url === null) throw new HttpFailure(`${base.host} redirects to an address that is not a URL`);
  requireScheme(url, ['http:', 'https:'], `${base.host} redirects to`);
  return toTarget(url);
}

/**
 * Reads a proxy: `host:port`, or an http URL with or without user and password.
 *
 * @throws HttpFailure when it is neither
 */
export function parseProxy(text: Bytes): Target {
  return toTarget(parse(text.trim(), 'proxy', ['http:']));
}

function parse(text: Bytes, what: string, schemes: string[]): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = tryParse(escapeBytes(withScheme));
  // The text is not quoted: it could not be read, so a password may stand anywhere in it.
  if (url === null) throw new HttpFailure(`${what} is not valid`);
  requireScheme(url, schemes, `${what} has the scheme`);
  return url;
}

function tryParse(text: string, base?: URL): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

function requireScheme({ protocol }: URL, schemes: string[], words: string): void {
  if (schemes.includes(protocol)) return;
  const known = schemes.map((scheme) => `${scheme}//`).join(' and ');
  throw new HttpFailure(`${words} ${protocol}//, and only ${known} can be used`);
}

/** Keeps bytes beyond ASCII in any encoding: URL would take each byte for a character. */
function escapeBytes(text: Bytes): string {
  return text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function toTarget(url: URL): Target {
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  if (username === '' && password === '') return { url, credentials: null };
  const plain = `${unescapeBytes(username)}:${unescapeBytes(password)}`;
  return { url, credentials: Buffer.from(plain, 'latin1').toString('base64') };
}

function unescapeBytes(text: string): Bytes {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
