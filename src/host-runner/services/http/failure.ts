/** Says in one line of a log why a request failed. It never contains credentials and queries. */

/** A request that failed for a reason that is already in words. */
export class HttpFailure extends Error {
  /** Whether another attempt could end differently. */
  readonly transient: boolean;

  constructor(message: string, { transient = false } = {}) {
    super(message);
    this.transient = transient;
  }
}

/** How far an exchange had come when it failed. */
export interface Progress {
  /** `host:port` of the other end of the connection. */
  peer: string;
  /** Bytes of the body so far; `null` before the header of the response. */
  receivedBytes: number | null;
  /** What Content-Length announced. */
  announcedBytes: number | null;
}

/** Puts the error of a connection into words. */
export function explain(error: unknown, { peer, receivedBytes, announcedBytes }: Progress): HttpFailure {
  const cause = firstOf(error);
  if (cause instanceof HttpFailure) return cause;
  const { code = '', hostname = '', message, name } = cause;
  const of = announcedBytes === null ? '' : ` of ${announcedBytes}`;
  const when = receivedBytes === null ? 'before it answered' : `after ${receivedBytes}${of} bytes of the body`;
  return new HttpFailure(words(), { transient: code !== 'UND_ERR_INVALID_ARG' });

  function words(): string {
    if (code === 'ECONNREFUSED') return `connection refused (${peer})`;
    if (code === 'ENOTFOUND') return `the name "${hostname}" could not be resolved`;
    if (code === 'EAI_AGAIN') return `the name "${hostname}" could not be resolved for now`;
    if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return `no route to ${peer}`;
    if (code === 'ETIMEDOUT') return `the connection to ${peer} timed out`;
    if (code === RESET || code === 'ECONNRESET' || code === 'EPIPE') return `${peer} reset the connection ${when}`;
    if (name === 'HTTPParserError') return notHttp(peer, reasonOf(message)).message;
    // Within the header, it is not the body that is too short.
    if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && receivedBytes === null)
      return notHttp(peer, 'Content-Length').message;
    if (code === 'UND_ERR_SOCKET' && message.startsWith('bad ')) return notHttp(peer, message).message;
    if (code === 'UND_ERR_SOCKET') return `${peer} closed the connection ${when}`;
    if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return `${peer} closed the connection ${when}`;
    if (code === 'UND_ERR_HEADERS_OVERFLOW') return `the header of the response from ${peer} is too large`;
    return message;
  }
}

/** The failure of a response that cannot be read. */
export function notHttp(peer: string, why: string): HttpFailure {
  return new HttpFailure(`the response from ${peer} is not valid HTTP: ${why}`, { transient: true });
}

/** The code of a reset, as `Connection` renames it. */
export const RESET = 'CONNECTION_RESET';

const LONGEST_LINE = 300;

/** Makes one line for a log, whatever text a server sent. */
export function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?').slice(0, LONGEST_LINE);
}

interface SystemError extends Error {
  code?: string;
  hostname?: string;
}

/** The first error, when several addresses of one name were tried. */
function firstOf(error: unknown): SystemError {
  if (error instanceof AggregateError) return firstOf(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}

/** What the parser says in brackets. */
function reasonOf(message: string): string {
  return /\((.+)\)$/.exec(message)?.[1] ?? message;
}
