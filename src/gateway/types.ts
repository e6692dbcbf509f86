/** What the gateway needs of a core, and says of itself. */

import type { EventCore, ServerClient } from '../servers/types.js';

/** What servers reach: a supervisor, or what a test puts in its place. */
export interface GatewayCore extends EventCore {
  /** The callbacks that any module has, or may have once it has started. */
  callbacks(): readonly string[];
  /** Takes who is told when {@link callbacks} may have changed. @returns what ends that */
  onCallbacks(listener: () => void): () => void;
}

/** One connection, as a status shows it. */
export interface GatewayClient extends ServerClient {
  encoding: 'protobuf' | 'json' | null;
  /** ISO 8601. */
  connectedAt: string;
}
