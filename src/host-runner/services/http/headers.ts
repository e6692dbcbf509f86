/** The header of a request, from the fields and the extra lines of a module. Pure. */

import { HttpFailure } from './failure.js';

/** A field of a header: its name as it is sent, and its value, a character for each byte. */
export type Header = [name: string, value: string];

/** Fields that say how the message travels. A module cannot set them. */
const OURS = new Set(['content-length', 'transfer-encoding', 'expect', 'upgrade', 'keep-alive']);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether two names are the same field. */
export function isNamed([name]: Header, lowerCaseName: string): boolean {
  return name.toLowerCase() === lowerCaseName;
}

/** Whether a header has a field. */
export function hasHeader(headers: Header[], lowerCaseName: string): boolean {
  return headers.some((header) => isNamed(header, lowerCaseName));
}

/**
 * A field made of an option.
 *
 * @param option the name of the option, for the error
 * @throws HttpFailure when a header cannot carry the value
 */
export function toHeader(name: string, option: string, value: string): Header {
  const trimmed = value.trim();
  if (!VALUE.test(trimmed)) throw new HttpFailure(`${option} holds a character that a header cannot carry`);
  return [name, trimmed];
}

/**
 * Reads `extra_header`: one field a line, lines parted by LF or CR LF.
 *
 * @throws HttpFailure with the number of a line that is not a field. It is not quoted: it may hold a secret.
 */
export function parseExtraHeaders(text: string): Header[] {
  const headers: Header[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed !== '') headers.push(parseLine(trimmed, `line ${i + 1} of extra_header`));
  }
  return headers;
}

/** Our fields and those of the module. A field of the module replaces ours of the same name. */
export function override(ours: Header[], own: Header[]): Header[] {
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return [...ours.filter(([name]) => !names.has(name.toLowerCase())), ...own];
}

function parseLine(line: string, what: string): Header {
  const colon = line.indexOf(':');
  if (colon === -1) throw new HttpFailure(`${what} has no colon`);
  const name = line.slice(0, colon).trim();
  if (!TOKEN.test(name)) throw new HttpFailure(`${what} has no valid name`);
  if (OURS.has(name.toLowerCase())) throw new HttpFailure(`${what} sets ${name}, which a module cannot set`);
  const value = line.slice(colon + 1).trim();
  if (!VALUE.test(value)) throw new HttpFailure(`${what} holds a character that a header cannot carry`);
  return [name, value];
}
