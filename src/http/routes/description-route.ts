/** The route that describes all others. */

import { describeInterface } from '../openapi.js';
import type { Route } from './route.js';

/** @param others - all other routes */
export function descriptionRoute(others: readonly Route[]): Route {
  const route: Route = {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This description.',
    answers: { 200: { description: 'a document of OpenAPI 3.1', schema: { type: 'object' } } },
    handle: () => describeInterface([...others, route]),
  };
  return route;
}
