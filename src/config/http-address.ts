/** Where HTTP is served, as it was written. Pure. */

import { resolve } from 'node:path';

/** A place to listen. */
export type HttpAddress = { kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string };

const UNIX = 'unix:';
const HIGHEST_PORT = 65_535;

/** Reads what was written: `off` in any case. */
export function readHttp(written: string): string {
  return written.toLowerCase() === 'off' ? 'off' : written;
}

/** Whether it is `off`, or an address. */
export function isHttp(written: string): boolean {
  return written === 'off' || parseHttpAddress(written) !== null;
}

/** @param base - the folder that a relative path is relative to */
export function resolveHttp(written: string, base: string): string {
  return written.startsWith(UNIX) ? `${UNIX}${resolve(base, written.slice(UNIX.length))}` : written;
}

/** @returns `null`: `off`, or no address */
export function parseHttpAddress(written: string): HttpAddress | null {
  if (written.startsWith(UNIX)) {
    const path = written.slice(UNIX.length);
    return path === '' ? null : { kind: 'unix', path };
  }
  const [, v6, name, digits] =
    /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(written) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  return host === undefined || port > HIGHEST_PORT ? null : { kind: 'tcp', host, port };
}

/** Writes the address where something listens as it would be written in a configuration. */
export function formatHttpAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Says what is wrong with an address that anybody on the machine could use, and what to set; `null` when nothing is. */
export function findTokenProblem({ http, httpToken }: { http: string; httpToken: string | null }): string | null {
  if (httpToken !== null || parseHttpAddress(http)?.kind !== 'tcp') return null;
  return (
    `found http = ${http} without http_token, expected a file with a token: anybody who reaches the address could send ` +
    'messages; set http_token = FILE, or http = unix:PATH'
  );
}
