/** What callers of HTTP can make a core hold and do: pure. */

import { maxLineBytes } from '../wire/gateway/frames.js';

const MIB = 1024 * 1024;

/** Bounds of HTTP. */
export interface HttpLimits {
  /** Connections at a time; beyond it the one that is idle for longest has to go. */
  connections: number;
  /** The head of a request comes within this time, from the first moment of the connection on. */
  headMs: number;
  /** A whole request comes within this time. */
  requestMs: number;
  /** How often it is looked for requests that do not come, and streams that are not read. */
  lookMs: number;
  /** A connection without a request is closed after this time. */
  idleMs: number;
  headBytes: number;
  /** The longest body. */
  bodyBytes: number;
  /** All bodies that are being read; beyond it requests are refused. One is read whatever its size. */
  allBodyBytes: number;
  /** Requests of one connection in progress. */
  pipelined: number;
  /** Events in progress, and their bytes; beyond either, requests are refused. */
  allEvents: number;
  allEventBytes: number;
  /** A body that is not wanted is read up to here, so that its sender comes to read the answer. */
  unwantedBytes: number;
  /** What all connections together may leave unread; beyond it the one that leaves most is closed. */
  allUnreadBytes: number;
  /** Streams of sends at a time. */
  streams: number;
  /** Sends that a stream may have without an acknowledgement. */
  sendWindow: number;
  /** With so many bytes that are not read, no more sends are written to a stream. */
  pauseBytes: number;
  /** A caller that takes nothing for so long, though there is something for it, is cut off. */
  stalledMs: number;
  /** A stream without a send has a comment in it so often. */
  beatMs: number;
  /** How long it takes to see that a reader has gone after a write to it. */
  probeMs: number;
  /** The sends of a stream that has ended are kept for its reader so long. */
  returnMs: number;
  /** If a reader that comes again does not acknowledge within this time what it has read, it is shown that again. */
  showAgainMs: number;
  /** Ids of sends that are remembered for a reader that comes again. */
  rememberedSends: number;
}

/**
 * The bounds of a core.
 *
 * @param descriptors - how many the process may have; most are for other things
 */
export function httpLimits(maxMessageBytes: number, descriptors: number): HttpLimits {
  const bodyBytes = maxLineBytes(maxMessageBytes);
  return {
    connections: Math.min(1024, Math.max(8, Math.floor(descriptors / 4))),
    headMs: 10_000,
    requestMs: 30_000,
    lookMs: 1_000,
    idleMs: 75_000,
    headBytes: 16 * 1024,
    bodyBytes,
    allBodyBytes: Math.max(32 * MIB, 2 * bodyBytes),
    pipelined: 64,
    allEvents: 4096,
    allEventBytes: Math.max(32 * MIB, 2 * bodyBytes),
    unwantedBytes: 32 * MIB,
    allUnreadBytes: Math.max(64 * MIB, 2 * bodyBytes),
    streams: 64,
    sendWindow: 64,
    pauseBytes: MIB,
    stalledMs: 30_000,
    beatMs: 15_000,
    probeMs: 50,
    returnMs: 10_000,
    showAgainMs: 30_000,
    rememberedSends: 4096,
  };
}
