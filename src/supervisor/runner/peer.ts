/** The connection of the core to one host, whatever carries it. */

import type { HandshakeError } from '../../errors.js';
import type { CoreFrame, HostFrame } from '../../wire/codec.js';

/** A connected host, as frames are sent to it. */
export interface Peer {
  /** Sends one frame; one for a host that has gone is dropped, its exit says the rest. */
  send(frame: CoreFrame): void;
  /** Sends one that is encoded already. */
  sendBytes(frame: Uint8Array): void;
}

/** Who expects a host: gets its connection, then its frames. */
export interface PeerListener {
  connected(peer: Peer, protocol: number): void;
  received(frame: HostFrame): void;
  /** The host speaks another protocol; it was told so. */
  rejected(error: HandshakeError): void;
  /** The connection is closed, by the host or by what became of it. */
  lost(): void;
  /** The host sent something that is no frame, or is not the host that was started. */
  violated(error: HandshakeError): void;
}
