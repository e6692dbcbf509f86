/** What is answered in place of what was asked for: pure. */

import { type ErrorCode, MessageError, SupervisorError, UnknownSenderError } from '../errors.js';

/** A request that is not served. */
export class HttpError extends SupervisorError {
  readonly status: number;

  constructor(status: number, code: ErrorCode, what: string, remedy?: string) {
    super(code, what, remedy === undefined ? {} : { remedy });
    this.status = status;
  }
}

/** The document of every failure. */
export interface FailureDocument {
  error: { code: ErrorCode; message: string; remedy: string | null };
}

/** Statuses of errors that are thrown elsewhere. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  FRAME_INVALID: 400,
  INVALID_ARGUMENT: 400,
  MESSAGE_TOO_LARGE: 413,
  SEND_UNKNOWN: 404,
  SERVER_NAME_TAKEN: 409,
  SENDS_UNACKNOWLEDGED: 503,
  STATUS_NOT_KEPT: 503,
  CORE_STOPPING: 503,
  ILLEGAL_STATE: 503,
};

/** Any error, as it is answered; `null`: it is an error of the core itself. */
export function httpErrorOf(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (error instanceof UnknownSenderError) return unknownSend();
  if (!(error instanceof SupervisorError)) return null;
  const status = STATUSES[error.code] ?? (error instanceof MessageError ? 400 : 500);
  // A request has no frames.
  const code = error.code === 'FRAME_INVALID' ? 'REQUEST_INVALID' : error.code;
  return new HttpError(status, code, error.what, error.remedy === null ? undefined : `${error.remedy}`);
}

/** The document of an error. */
export function failureDocument({ code, what, remedy }: HttpError): FailureDocument {
  return { error: { code, message: what, remedy: remedy === null ? null : `${remedy}` } };
}

/** 400. */
export function invalidRequest(what: string, remedy?: string): HttpError {
  return new HttpError(400, 'REQUEST_INVALID', what, remedy);
}

/** No send of that id is there to be acknowledged. */
export function unknownSend(): HttpError {
  const what = 'no send of that id waits to be acknowledged here';
  return new HttpError(404, 'SEND_UNKNOWN', what, 'give the id as it came, and the same "server"');
}

/** Too much is in progress. */
export function busy(what: string): HttpError {
  return new HttpError(503, 'TOO_MANY_REQUESTS', what, 'try again in a moment');
}

/** The core takes nothing new. */
export function stopping(): HttpError {
  return new HttpError(503, 'CORE_STOPPING', 'the core is stopping, and takes no events any more', 'try again later');
}
