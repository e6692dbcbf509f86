/** What servers can make a core hold and do: pure. */

import { maxFrameBytes, maxLineBytes } from '../wire/gateway/frames.js';

const MIB = 1024 * 1024;

/** Bounds of the gateway. */
export interface GatewayLimits {
  /** Connections at a time. */
  connections: number;
  /** A Hello comes within this time. */
  helloMs: number;
  /** The largest payload of a message. */
  messageBytes: number;
  /** The longest frame of protobuf, and the longest line. */
  frameBytes: number;
  lineBytes: number;
  /** Events of one connection in progress; further ones are not read. */
  window: number;
  /** The same in bytes; one event is taken whatever its size. */
  progressBytes: number;
  /** Events of all connections in progress; beyond it each has its equal share. */
  allEvents: number;
  /** The same in bytes. */
  allProgressBytes: number;
  /** Sends that a connection may have without an Ack, whatever its Hello says; and when that says nothing. */
  sendWindow: number;
  usualSendWindow: number;
  /** With so many bytes that a server does not read, no sends are written to it. */
  pauseBytes: number;
  /** With this much, nothing from it is read. Sends alone never reach this, so its acknowledgements are always read. */
  deafBytes: number;
  /** With so many it is cut off. */
  unreadBytes: number;
  /**
   * A server is cut off if it takes nothing for this long although something waits for it, or stops inside a frame for this
   * long.
   */
  stalledMs: number;
  /** How much all connections may make the core hold beside events. Beyond it, the one with the most is cut off. */
  allBytes: number;
}

/**
 * The bounds of a core.
 *
 * @param descriptors - how many the process may have; most are for other things
 */
export function gatewayLimits(maxMessageBytes: number, descriptors: number): GatewayLimits {
  const frameBytes = maxFrameBytes(maxMessageBytes);
  const unreadBytes = frameBytes + 16 * MIB;
  return {
    // A server may have one for each of its threads.
    connections: Math.min(1024, Math.max(8, Math.floor(descriptors / 4))),
    helloMs: 10_000,
    messageBytes: maxMessageBytes,
    frameBytes,
    lineBytes: maxLineBytes(maxMessageBytes),
    window: 512,
    progressBytes: Math.max(8 * MIB, frameBytes),
    // Half of a module's default queue, so that one server never fills it.
    allEvents: 4096,
    allProgressBytes: Math.max(32 * MIB, 2 * frameBytes),
    sendWindow: 4096,
    usualSendWindow: 64,
    pauseBytes: MIB,
    deafBytes: 2 * MIB + frameBytes,
    unreadBytes,
    stalledMs: 30_000,
    allBytes: 4 * unreadBytes,
  };
}
