/** Why a frame was refused. */

import { type ErrorCode, SupervisorError } from '../../errors.js';

/** Codes of what can be wrong with a frame. */
type FrameErrorCode = Extract<ErrorCode, 'FRAME_INVALID' | 'INVALID_ARGUMENT' | 'MESSAGE_TOO_LARGE'>;

/** The bytes are not a frame of the protocol, or its content is invalid. */
export class FrameError extends SupervisorError {
  /** The beginning of the next frame is unknown, so nothing that follows can be read. */
  readonly isLast: boolean;
  /** The id of the event, if it could be read. */
  readonly eventId: bigint | null;

  constructor(code: FrameErrorCode, what: string, about: { isLast?: boolean; eventId?: bigint | null } = {}) {
    super(code, what);
    this.isLast = about.isLast ?? false;
    this.eventId = about.eventId ?? null;
  }
}

/** @throws FrameError `FRAME_INVALID`, always */
export function invalid(what: string, eventId: bigint | null = null): never {
  throw new FrameError('FRAME_INVALID', what, { eventId });
}

/**
 * Runs a function that reads the content of an event, and adds the id of the event to its errors.
 *
 * @param eventId - `null`: it has none. A valid event without an id gets the id 0, which another event may have too
 * @throws FrameError
 */
export function readingEvent<T>(eventId: bigint | null, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SupervisorError)) throw error;
    throw new FrameError(error.code as FrameErrorCode, error.message, { eventId });
  }
}
