/** The settings of a module as a person would write them, and where each came from: pure. */

import { MODULE_KEYS } from './schema.js';
import type { ModuleSpec, Position } from './types.js';

/** One setting. */
export interface SettingDescription {
  key: string;
  /** As it would be written in a configuration. */
  value: string;
  /** `default`, `program`, or `file:line:column`. */
  origin: string;
}

/** A module's settings of each kind. */
export interface SpecDescription {
  /** Ours, in the order of their documentation. */
  settings: SettingDescription[];
  /** The variables that `env { }` sets. */
  env: SettingDescription[];
  /** The module's own, in the order in which it gets them. */
  config: SettingDescription[];
}

/** Describes all that is set for a module. */
export function describeSpec(spec: ModuleSpec): SpecDescription {
  const settings = { ...spec, replicas: 1 as const };
  return {
    settings: Object.entries(MODULE_KEYS).map(([key, { format }]) => {
      return { key, value: format(settings), origin: describeOrigin(spec.origins[key]) };
    }),
    env: describePairs(spec.env, spec.envOrigins),
    config: describePairs(spec.config, spec.configOrigins),
  };
}

function describePairs(pairs: [key: string, value: string][], origins: readonly Position[]): SettingDescription[] {
  return pairs.map(([key, value], i) => ({ key, value, origin: describeOrigin(origins[i]) }));
}

function describeOrigin(position: Position | undefined): string {
  if (position === undefined) return 'default';
  return position.line === 0 ? 'program' : `${position.file}:${position.line}:${position.column}`;
}
