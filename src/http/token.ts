/** The token that requests carry. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Recognises a token and never reveals it. */
export class Token {
  /** A digest: it has the same length whatever is compared with it. */
  readonly #digest: Buffer;

  constructor(secret: string) {
    this.#digest = digestOf(secret);
  }

  /**
   * Whether a header carries it. The time that this takes reveals nothing about the token.
   *
   * @param authorization - the header as it came, such as `Bearer TOKEN`
   */
  isIn(authorization: string | undefined): boolean {
    const [, given = ''] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return this.is(given);
  }

  /** Whether it is this one. */
  is(given: string): boolean {
    return timingSafeEqual(digestOf(given), this.#digest);
  }
}

/** Whether a request may ask: nobody needs a token where there is none. */
export function isLet(token: Token | null, { headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return token === null || token.isIn(headers.authorization);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
