/** Whether a core keeps what modules send: pure. */

import type { CoreConfig } from './types.js';

/** Whether the configuration has somebody take what modules send; a program may do so besides. */
export function keepsSends({ gateway, webhook }: Pick<CoreConfig, 'gateway' | 'webhook'>): boolean {
  return gateway !== 'off' || webhook !== 'off';
}
