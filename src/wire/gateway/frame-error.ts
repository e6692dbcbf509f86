/** Why a frame was not taken. */

import { type ErrorCode, SupervisorError } from '../../errors.js';

/** Codes of what can be wrong with a frame. */
type FrameErrorCode = Extract<ErrorCode, 'FRAME_INVALID' | 'INVALID_ARGUMENT' | 'MESSAGE_TOO_LARGE'>;

/** What came is no frame of the protocol, or one whose content cannot be taken. */
export class FrameError extends SupervisorError {
  /** Where the next frame begins cannot be known: nothing that follows can be read. */
  readonly isLast: boolean;
  /** The event that it was, where that much could be read. */
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
 * Runs what reads the content of an event, and says of an error in it which event that was.
 *
 * @param eventId - `null`: it has none; then it is 0 for an event that can be taken, and another event may have that id
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
