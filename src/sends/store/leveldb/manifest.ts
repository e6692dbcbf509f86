/**
 * What a MANIFEST of LevelDB says: which files belong to the database. Each of its records changes what those before it said.
 *
 * @see db/version_edit.cc of LevelDB
 */

import { Cursor } from './cursor.js';
import { Damage } from './damage.js';
import { recordsOfLog } from './log-file.js';

/** The files of a database. */
export interface Manifest {
  /** Logs below it have nothing that is not in a table; 0: none was made yet. */
  log: number;
  /** Another one, below `log`; 0: none. */
  olderLog: number;
  /** The length of each, by its number. */
  tables: ReadonlyMap<number, number>;
}

interface Edited extends Manifest {
  tables: Map<number, number>;
}

type Field = (cursor: Cursor, said: Edited) => void;

/** By their tags. */
const FIELDS: Record<number, Field> = {
  1: (cursor) => void cursor.string(), // the order of keys
  2: (cursor, said) => {
    said.log = cursor.varint();
  },
  3: (cursor) => void cursor.varint(), // the number of the next file
  4: (cursor) => void cursor.varint(), // the number of the last write
  5: (cursor) => void [cursor.varint(), cursor.string()], // where to go on with compacting
  6: (cursor, said) => {
    cursor.varint();
    said.tables.delete(cursor.varint());
  },
  7: (cursor, said) => {
    cursor.varint();
    said.tables.set(cursor.varint(), cursor.varint());
    for (const key of [cursor.string(), cursor.string()])
      if (key.length < 8) throw new Damage('has a key that is none');
  },
  9: (cursor, said) => {
    said.olderLog = cursor.varint();
  },
};

/** @throws Damage */
export function readManifest(file: Buffer): Manifest {
  const said: Edited = { log: -1, olderLog: 0, tables: new Map() };
  const damaged = (what: string) => {
    throw new Damage(what);
  };
  for (const record of recordsOfLog(file, damaged)) {
    const cursor = new Cursor(record);
    while (!cursor.isAtEnd) {
      const tag = cursor.varint();
      const field = FIELDS[tag];
      if (!field) throw new Damage(`has the unknown field ${tag}`);
      field(cursor, said);
    }
  }
  if (said.log < 0) throw new Damage('names no log');
  return said;
}
