/** What stands in a store, key by key. */

import type { Entry } from '../queue/entry.js';
import { decodeEntry, type Moment, parseKey, STORE_FORMAT } from './entry-codec.js';
import { decodeNames, NAMES_KEY } from './names-codec.js';
import type { Unfitness } from './put-aside.js';

/** The key under which a store says which form it has. It comes before the keys of entries. */
export const FORMAT_KEY = 'format';

/** What stands in a store. */
export interface Content {
  entries: Entry[];
  /** Servers that take sends, or have taken some. */
  names: string[];
}

/** It cannot be used and is closed. `content` is what could be read; `text` continues the sentence after its name. */
export interface Unfit {
  kind: 'unfit';
  why: Unfitness;
  text: string;
  content: Content;
}

/** One that cannot be used. */
export function unfit(why: Unfitness, text: string, content: Content = { entries: [], names: [] }): Unfit {
  return { kind: 'unfit', why, text, content };
}

/** Collects keys and values, in order, into the content. */
export class ContentReader {
  readonly content: Content = { entries: [], names: [] };
  /** The first thing that is damaged; `null`: nothing is. */
  damage: string | null = null;
  /** It has named its form. */
  hasFormat = false;
  readonly #moment: Moment;
  readonly #known = new Map<string, string>();
  #last = '';

  constructor(moment: Moment) {
    this.#moment = moment;
  }

  /** @returns why it is no store of this version; `null`: it may be one */
  read(key: string, value: Buffer): Unfit | null {
    if (key <= this.#last) this.#damaged(`the key ${JSON.stringify(key)} is not in its place`);
    this.#last = key;
    if (key === FORMAT_KEY) return this.#readFormat(value);
    if (key === NAMES_KEY) this.#readNames(value);
    else this.#readEntry(key, value);
    return null;
  }

  #readFormat(value: Buffer): Unfit | null {
    const format = formatOf(value);
    if (format === null) return unfit('foreign', 'is a database of another program');
    if (format > STORE_FORMAT) return unfit('newer', `was written by a newer version (format ${format})`);
    this.hasFormat = true;
    return null;
  }

  #readNames(value: Buffer): void {
    const names = decodeNames(value);
    if (names === null) this.#damaged('a checksum is wrong');
    else this.content.names = names;
  }

  #readEntry(name: string, value: Buffer): void {
    const key = parseKey(name);
    if (key === null) {
      this.#damaged(`it has the key ${JSON.stringify(name)}`);
      return;
    }
    const entry = decodeEntry(key, value, this.#moment, this.#known);
    if (entry === null) this.#damaged('a checksum is wrong');
    else this.content.entries.push(entry);
  }

  #damaged(what: string): void {
    this.damage ??= what;
  }
}

/** `null`: it is none of ours. */
function formatOf(value: Buffer): number | null {
  try {
    const { format } = JSON.parse(value.toString()) as { format?: unknown };
    return typeof format === 'number' ? format : null;
  } catch {
    return null;
  }
}
