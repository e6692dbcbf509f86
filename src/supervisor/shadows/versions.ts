/** What makes a version of a module, and how a module and its shadow exchange theirs: pure. */

import { isDeepStrictEqual } from 'node:util';
import { describeSpec } from '../../config/describe.js';
import type { ModuleSpec, Origin } from '../../config/types.js';
import type { SettingToChange } from '../types.js';

/** All else belongs to the place of a module: its name, directory, deadlines, queue, and what happens when it fails. */
const VERSION = [
  'path',
  'lookedFor',
  'abi',
  'sha256',
  'staticTlsBytes',
  'passEnv',
  'env',
  'envOrigins',
  'config',
  'configOrigins',
  'limits',
  'sandbox',
] as const satisfies readonly (keyof ModuleSpec)[];

/** Of these, those that stand in the block of the module with one key. */
const KEYS: readonly string[] = ['path', 'abi', 'sha256', 'static_tls', 'pass_env'];

/** What two modules are when each has the version of the other. */
export function exchangeVersions(one: ModuleSpec, other: ModuleSpec): [ModuleSpec, ModuleSpec] {
  return [withVersion(one, other), withVersion(other, one)];
}

/** Whether two modules run the same file with the same settings of a version. */
export function isSameVersion(one: ModuleSpec, other: ModuleSpec): boolean {
  return settingsToChange(one, other).length === 0;
}

/** What the block of a module has to say, so that it means `wanted` instead of `written`. */
export function settingsToChange(wanted: ModuleSpec, written: ModuleSpec): SettingToChange[] {
  const valuesOf = (spec: ModuleSpec) => {
    const { settings } = describeSpec(spec, { reveal: true });
    return new Map(settings.map(({ key, value }) => [key, value]));
  };
  const [now, then] = [valuesOf(wanted), valuesOf(written)];
  const settings = describeSpec(wanted).settings.filter(
    ({ key }) => isOfVersion(key) && now.get(key) !== then.get(key),
  );
  // The values of a section may be secret.
  const sections = (['env', 'config'] as const).filter(
    (section) => !isDeepStrictEqual(wanted[section], written[section]),
  );
  return [
    ...settings.map(({ key, value, hidden }) => ({ key, value: hidden ? null : value })),
    ...sections.map((key) => ({ key, value: null })),
  ];
}

function withVersion(place: ModuleSpec, version: ModuleSpec): ModuleSpec {
  const taken = Object.fromEntries(VERSION.map((field) => [field, version[field]]));
  const origins: Record<string, Origin> = {};
  for (const [key, origin] of Object.entries(place.origins)) if (!isOfVersion(key)) origins[key] = origin;
  for (const [key, origin] of Object.entries(version.origins)) if (isOfVersion(key)) origins[key] = origin;
  return { ...place, ...taken, origins };
}

function isOfVersion(key: string): boolean {
  return KEYS.includes(key) || /^(limits|sandbox)\./.test(key);
}
