/** The table of event kinds says what the contract and the shim say. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { CALL_KINDS, EVENT_KINDS, EXECUTED_KINDS, HTTP_BOX_NUMBER } from '../../../src/wire/event-kinds.js';

function read(...path: string[]): string {
  return readFileSync(join(PACKAGE_ROOT, ...path), 'utf8');
}

it('has the fields of an event in Call', () => {
  const [, oneof = ''] = /message Call \{[^}]*oneof event \{([^}]*)\}/.exec(read('proto', 'module.proto')) ?? [];
  const fields = [...oneof.matchAll(/(\w+) = (\d+);/g)].map(([, name = '', number]) => {
    return [name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), Number(number)];
  });
  expect(CALL_KINDS.map((kind) => [kind, EVENT_KINDS[kind].field])).toEqual(fields);
});

it('has the numbers of the black box', () => {
  const [, list = ''] = /enum mm_event \{([^}]*)\}/.exec(read('src', 'host-runner', 'native', 'shim.h')) ?? [];
  const names = [...list.matchAll(/MM_(\w+) = (\d+)/g)].map(([, name = '', number]) => {
    return [name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), Number(number)];
  });
  expect([...CALL_KINDS.map((kind) => [kind, EVENT_KINDS[kind].boxNumber]), ['http', HTTP_BOX_NUMBER]]).toEqual(names);
  for (const kind of CALL_KINDS) expect(EXECUTED_KINDS[EVENT_KINDS[kind].boxNumber]).toBe(kind);
  expect(EXECUTED_KINDS[HTTP_BOX_NUMBER]).toBe('http');
});
