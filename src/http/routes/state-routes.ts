/** The routes that tell how the core is. */

import { HttpError } from '../failure.js';
import { HEALTH, READINESS } from '../schemas.js';
import type { MetricsText, Readiness } from '../types.js';
import type { Route } from './route.js';

/** What they ask. */
export interface StateSource {
  readiness(): Readiness;
  /** `null`: there are none. */
  metrics: MetricsText | null;
}

/** Those of one core. */
export function stateRoutes({ readiness, metrics }: StateSource): Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      summary: 'Whether the process of the core answers.',
      isOpen: true,
      answers: { 200: { description: 'it does', schema: HEALTH } },
      handle: () => ({ healthy: true }),
    },
    {
      method: 'GET',
      path: '/readyz',
      summary: 'Whether the core serves, and if not, why. With the token it names the modules.',
      isOpen: true,
      answers: {
        200: { description: 'it serves', schema: READINESS },
        503: { description: 'it does not; `reasons` says why', schema: READINESS },
      },
      handle: ({ status, isTrusted }) => {
        const whole = readiness();
        // Names of modules and their crashes are not for everybody who reaches the address.
        const { reasons, notes } = isTrusted ? whole : whole.outline;
        if (reasons.length > 0) status(503);
        return { ready: reasons.length === 0, reasons, notes };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: 'Figures of the core, for Prometheus.',
      answers: {
        200: { description: 'the figures now', schema: { type: 'string' }, contentType: 'text/plain' },
      },
      failures: [404],
      handle: async ({ contentType }) => {
        if (metrics === null) throw new HttpError(404, 'ROUTE_UNKNOWN', 'this core has no metrics');
        const { contentType: type, text } = await metrics();
        contentType(type);
        return text;
      },
    },
  ];
}
