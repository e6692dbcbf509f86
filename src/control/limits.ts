/** What clients of the control socket can make a core hold and do: pure. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** The largest request that a client may send, in bytes; a core with a larger `max_message` takes more. */
export const MAX_REQUEST_BYTES = 64 * MIB;

/** The largest reply that a client takes, in bytes: what begins with text is none. */
export const MAX_REPLY_BYTES = 1024 * MIB;

/** Room for the parameters beside a payload, both addresses at their longest. */
const PARAMS_ROOM_BYTES = MIB;

/** Bounds of a core's end of the control socket. */
export interface ControlLimits {
  /** Clients at a time. */
  connections: number;
  requestBytes: number;
  /** Requests of one client in progress; further ones are not read. */
  requests: number;
  /** The same in bytes; one request is taken whatever its size. */
  progressBytes: number;
  /** Sends of one client whose outcome is known and whose time is not over. */
  watches: number;
  /** With so many bytes of replies that a client does not read, no request of its is read. */
  pauseBytes: number;
  /** With so many, it is told no more of what modules send. */
  sentBytes: number;
  /** What all clients make the core hold; beyond it, the one that makes it hold most is cut off. */
  totalBytes: number;
}

/**
 * The bounds of a core.
 *
 * @param descriptors - how many the process may have; most are for other things
 */
export function controlLimits(maxMessageBytes: number, descriptors: number): ControlLimits {
  const requestBytes = Math.max(MAX_REQUEST_BYTES, maxMessageBytes + PARAMS_ROOM_BYTES);
  return {
    connections: Math.min(64, Math.max(8, Math.floor(descriptors / 4))),
    requestBytes,
    requests: 128,
    progressBytes: requestBytes,
    watches: 1024,
    pauseBytes: MIB,
    sentBytes: 16 * MIB,
    totalBytes: 4 * requestBytes,
  };
}
