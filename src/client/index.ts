/** What a chat server in Node.js imports: `mesibo-modules/client`. It needs no core in its process. */

export { IllegalStateError, MessageError, SupervisorError } from '../errors.js';
export type { MessageParams, MessageParamsInput } from '../wire/params.js';
export { type ClientEventMap, GatewayClient } from './client.js';
export type * from './types.js';
