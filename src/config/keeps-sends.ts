/** Whether a core keeps what modules send: pure. */

import type { CoreConfig } from './types.js';

/** Whether the configuration has a door where somebody can take what modules send. A program may take it too. */
export function keepsSends({ gateway, http, webhook }: Pick<CoreConfig, 'gateway' | 'http' | 'webhook'>): boolean {
  return gateway !== 'off' || http !== 'off' || webhook !== 'off';
}
