/** Every metric that there is, in the order in which a page has them. */

import { CORE_METRICS } from './of-core.js';
import { MODULE_METRICS } from './of-modules.js';
import { SENDS_METRICS } from './of-sends.js';
import { SHADOW_METRICS } from './of-shadows.js';
import type { MetricDefinition } from './types.js';

/** In front of each name. */
export const PREFIX = 'mesibo_modules_';

export const CATALOGUE: readonly MetricDefinition[] = [
  ...MODULE_METRICS,
  ...SHADOW_METRICS,
  ...SENDS_METRICS,
  ...CORE_METRICS,
];
