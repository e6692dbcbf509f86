/** One module of a configuration. Pure. */

import type { CoreConfig } from '../../src/config/types.js';
import { requireKnown } from '../../src/module-names.js';

/**
 * The configuration with this module alone; `undefined`: with all.
 *
 * @throws SupervisorError `MODULE_UNKNOWN` when it has no such module
 */
export function chooseModule(config: CoreConfig, name: string | undefined): CoreConfig {
  if (name === undefined) return config;
  requireKnown(
    name,
    config.modules.map((module) => module.name),
  );
  return { ...config, modules: config.modules.filter((module) => module.name === name) };
}
