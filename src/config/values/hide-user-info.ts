/** Hides the passwords of users in addresses, such as `https://user:password@host` and `user:password@host`: pure. */

const ADDRESS = /(?:\b([a-z][a-z0-9+.-]{0,31}):)?\/\//i;
/** Addresses of people: what stands before their first colon is no user. */
const OF_PEOPLE = /^[^\w]*(?:mailto|sips?|xmpp|acct|im|pres):/i;
const HOST_AND_PORT = /^(?:[^:@]*|\[[\da-f:.]*\])(?::\d{0,5})?$/i;

/** @returns `null` when it is not clear where a password begins or ends */
export function hideUserInfo(text: string, hidden: string): string | null {
  const pieces: string[] = [];
  // An odd piece is white space.
  for (const [at, piece] of text.split(/(\s+)/).entries()) {
    const shown = at % 2 === 1 || !/[@]|\/\//.test(piece) ? piece : hideIn(piece, hidden);
    if (shown === null) return null;
    pieces.push(shown);
  }
  return pieces.join('');
}

function hideIn(piece: string, hidden: string): string | null {
  const address = ADDRESS.exec(piece);
  if (!address) return hideWithoutScheme(piece, hidden);
  const start = address.index + address[0].length;
  const rest = piece.slice(start);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf('@');
  const isElsewhere = rest.lastIndexOf('@') > at;
  // A further address behind it may have a password of its own.
  const isOneOfMany = rest.includes('://');
  if (at < 0) {
    const isClear = HOST_AND_PORT.test(authority.replace(/[)\]}>"'`,;.]+$/, '')) || authority.startsWith('[');
    return isClear && !(isElsewhere && isOneOfMany) ? piece : doubtful(authority, isElsewhere, piece);
  }
  if (isElsewhere) return null;
  const colon = authority.slice(0, at).indexOf(':');
  const before = piece.slice(0, start);
  const behind = rest.slice(at);
  if (colon < 0) {
    return at > 0 && /^https?$/i.test(address[1] ?? '') ? `${before}${hidden}${behind}` : piece;
  }
  return colon === at - 1 ? piece : `${before}${rest.slice(0, colon + 1)}${hidden}${behind}`;
}

/** What stands behind a colon is no port: it may be the beginning of a password with white space, `/`, `?` or `#` in it. */
function doubtful(authority: string, isElsewhere: boolean, piece: string): string | null {
  return isElsewhere || /:[^:]*[^\d:]/.test(authority) ? null : piece;
}

function hideWithoutScheme(piece: string, hidden: string): string {
  const from = OF_PEOPLE.exec(piece)?.[0].length ?? 0;
  const colon = piece.indexOf(':', from);
  const at = piece.lastIndexOf('@');
  return colon < 0 || at <= colon + 1 ? piece : `${piece.slice(0, colon + 1)}${hidden}${piece.slice(at)}`;
}
