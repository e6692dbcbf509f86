/** Entries that wait, for tests of their keepers and of dispatch. */

import { Entry } from '../../src/sends/queue/entry.js';
import { toWireParams } from '../../src/wire/params.js';

let made = 0;

/** An entry with what matters for a test. */
export function makeEntry(
  given: Partial<Pick<Entry, 'sentId' | 'module' | 'cause' | 'server' | 'isChained' | 'key' | 'sinceMs'>> & {
    payload?: string;
  } = {},
): Entry {
  made += 1;
  const { payload = `payload ${made}`, ...fields } = given;
  return Entry.of(
    {
      sentId: `00ff-m-1-${made}`,
      module: 'm',
      cause: null,
      server: null,
      isChained: true,
      key: made,
      sinceMs: 0,
      ...fields,
    },
    toWireParams({ id: made, from: 'alice', to: 'bob' }),
    Buffer.from(payload),
  );
}
