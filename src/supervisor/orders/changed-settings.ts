/** Which settings of a module differ, by the names that they have in a configuration: pure. */

import { isDeepStrictEqual } from 'node:util';
import { LIMIT_KEYS, SANDBOX_KEYS } from '../../config/confinement.js';
import { MODULE_KEYS } from '../../config/schema.js';
import type { ModuleSpec } from '../../config/types.js';

type Field = keyof ModuleSpec;

/** The keys of our settings, by the names of `ModuleSpec`. */
const KEY_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(MODULE_KEYS).map(([key, { field }]) => [field, key] as const),
);

/**
 * The settings that differ between two specs, each by its key in the file: `deadline`, `limits.memory`, `env.NAME`, and
 * `config.KEY` for the module's own. Never their values, which may be secret.
 *
 * @param fields - those that are compared
 */
export function changedSettings(a: ModuleSpec, b: ModuleSpec, fields: readonly Field[]): string[] {
  return fields
    .filter((field) => !isDeepStrictEqual(a[field], b[field]))
    .flatMap((field) => {
      switch (field) {
        case 'limits':
          return inSection('limits', LIMIT_KEYS, a.limits, b.limits);
        case 'sandbox':
          return inSection('sandbox', SANDBOX_KEYS, a.sandbox, b.sandbox);
        case 'env':
        case 'config':
          return inPairs(field, a[field], b[field]);
        default:
          return [KEY_OF.get(field) ?? field];
      }
    });
}

function inSection<T extends object>(
  section: string,
  rules: Readonly<Record<string, { field: keyof T }>>,
  a: T,
  b: T,
): string[] {
  const changed = Object.entries(rules).filter(([, { field }]) => !isDeepStrictEqual(a[field], b[field]));
  return changed.map(([key]) => `${section}.${key}`);
}

type Pairs = readonly (readonly [name: string, value: string])[];

function inPairs(section: string, a: Pairs, b: Pairs): string[] {
  const [before, after] = [valuesOf(a), valuesOf(b)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)));
  // Only their order has changed.
  return changed.length === 0 ? [section] : changed.map((name) => `${section}.${name}`);
}

/** A name may be set several times. */
function valuesOf(pairs: Pairs): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}
