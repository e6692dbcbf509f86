/** The fixtures that are run in each place: test/worlds/fixtures.json, as test/worlds/build.mjs built them. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What of the table is needed to run one. */
export interface Fixture {
  name: string;
  language: string;
  /** The messages, each of which names something that the module shows. */
  texts: string[];
}

const BUILD = fileURLToPath(new URL('../../worlds/build/', import.meta.url));
const TABLE = new URL('../../worlds/fixtures.json', import.meta.url);

/** All of them, in the order of the table. */
export const FIXTURES: readonly Fixture[] = JSON.parse(readFileSync(TABLE, 'utf8'));

/** The path of a built fixture. */
export function pathOf({ name }: Fixture): string {
  return `${BUILD}${name}.so`;
}

/** The path of a control program. */
export function controlOf(language: 'c' | 'cpp'): string {
  return `${BUILD}control-${language}`;
}

/** The packages without which one was not built; `null`: it was, or should have been. */
export function missingFor(fixture: { name: string }): string | null {
  const note = `${BUILD}${fixture.name}.missing`;
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : null;
}
