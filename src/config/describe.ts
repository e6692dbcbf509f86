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

/** Our settings of a module, in the order of their documentation, and its own, in the order in which it gets them. */
export function describeSpec(spec: ModuleSpec): { settings: SettingDescription[]; config: SettingDescription[] } {
  const settings = { ...spec, replicas: 1 as const };
  return {
    settings: Object.entries(MODULE_KEYS).map(([key, { format }]) => {
      return { key, value: format(settings), origin: describeOrigin(spec.origins[key]) };
    }),
    config: spec.config.map(([key, value], i) => ({ key, value, origin: describeOrigin(spec.configOrigins[i]) })),
  };
}

function describeOrigin(position: Position | undefined): string {
  if (position === undefined) return 'default';
  return position.line === 0 ? 'program' : `${position.file}:${position.line}:${position.column}`;
}
