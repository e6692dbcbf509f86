/** Why no answer came, in words for one line of a log: pure. Nothing that is secret gets into them. */

interface SystemError extends Error {
  code?: string;
}

/** What the network says, and what that means here. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no route leads to it',
  ENETUNREACH: 'no route leads to it',
  ETIMEDOUT: 'it did not take the connection in time',
  ECONNRESET: 'it ended the connection before it answered',
  EPIPE: 'it ended the connection before it answered',
  UND_ERR_SOCKET: 'it ended the connection before it answered',
  UND_ERR_HEADERS_OVERFLOW: 'the header of its answer is too large',
  EPROTO: 'it does not speak TLS there',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there',
};
const LONGEST = 200;

/** Says why a request failed. */
export function explain(error: unknown): string {
  const { code = '', name, message } = firstOf(error);
  const known = WORDS[code];
  if (known !== undefined) return known;
  if (name === 'HTTPParserError' || code.startsWith('HPE_')) return 'its answer is not HTTP';
  // Those of certificates have words that say it all, and names that its server chose.
  return `the connection failed: ${message.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?').slice(0, LONGEST)}`;
}

/** Where several addresses of one name were tried, the first error. */
function firstOf(error: unknown): SystemError {
  if (error instanceof AggregateError) return firstOf(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}
