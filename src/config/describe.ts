/** The settings of a module as a person would write them, and where each came from: pure. */

import { LIMIT_KEYS, SANDBOX_KEYS } from './confinement.js';
import { MATCH_KEYS, type Match } from './match.js';
import { MODULE_KEYS } from './schema.js';
import { placeOf } from './text.js';
import type { ModuleSpec, Origin } from './types.js';
import { HIDDEN, hideSecrets } from './values/hide.js';

/** One setting. */
export interface SettingDescription {
  key: string;
  /** As it would be written in a configuration; `(hidden)` stands for what is secret, unless it was to be revealed. */
  value: string;
  /** All of the value, or a part, is not shown. */
  hidden: boolean;
  /** `default`, `program`, or `file:line:column`. */
  origin: string;
}

/** A module's settings of each kind. */
export interface SpecDescription {
  /** Ours, in the order of their documentation. Those of a section have its name before theirs, as `limits.memory`. */
  settings: SettingDescription[];
  /** The variables that `env { }` sets. */
  env: SettingDescription[];
  /** The module's own, in the order in which it gets them. */
  config: SettingDescription[];
}

/** How much a description says. */
export interface DescribeOptions {
  /** Shows secrets: values with the name of one, values from files, and passwords within a value. */
  reveal?: boolean;
}

/** Describes all that is set for a module; without its secrets, unless they are to be revealed. */
export function describeSpec(spec: ModuleSpec, { reveal = false }: DescribeOptions = {}): SpecDescription {
  const describe = ([key, value]: [string, string], origin: Origin | undefined, name = key): SettingDescription => {
    const shown = reveal ? { value, hidden: false } : hide(name, value, origin);
    return { key, ...shown, origin: describeOrigin(origin) };
  };
  return {
    // The name of a setting of ours says nothing of a secret.
    settings: Object.entries({
      ...mapValues(MODULE_KEYS, '', ({ format }) => format(spec)),
      ...mapValues(LIMIT_KEYS, 'limits.', ({ format }) => format(spec.limits)),
      ...mapValues(SANDBOX_KEYS, 'sandbox.', ({ format }) => format(spec.sandbox)),
      ...describeMatch(spec.match),
    }).map((pair) => describe(pair, spec.origins[pair[0]], '')),
    env: spec.env.map((pair, i) => describe(pair, spec.envOrigins[i])),
    config: spec.config.map((pair, i) => describe(pair, spec.configOrigins[i])),
  };
}

/** What is not asked has no words. */
function describeMatch(match: Match | null): Record<string, string> {
  if (match === null) return {};
  const asked = mapValues(MATCH_KEYS, 'match.', ({ format }) => format(match));
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ''));
}

function mapValues<T>(
  rules: Readonly<Record<string, T>>,
  section: string,
  show: (rule: T) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(rules).map(([key, rule]) => [`${section}${key}`, show(rule)]));
}

function hide(name: string, value: string, origin: Origin | undefined): { value: string; hidden: boolean } {
  return origin?.isHidden ? { value: HIDDEN, hidden: true } : hideSecrets(name, value);
}

function describeOrigin(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  return origin.line === 0 ? 'program' : placeOf(origin);
}
