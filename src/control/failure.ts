/** Errors as they travel to the command line. */

import { ControlError, ERROR_CODES, type ErrorCode, SupervisorError } from '../errors.js';
import { readSentence, type ToldCommand } from '../sentence.js';
import type { mesibo } from '../wire/generated/control.js';

type WireFailure = mesibo.control.v1.Failure.$Properties;
type WirePart = mesibo.control.v1.Part.$Properties;

/** An error as the core tells of it. */
export function toWireFailure(error: unknown): WireFailure {
  if (!(error instanceof SupervisorError)) {
    return { code: 'INVALID_ARGUMENT', message: `the core could not handle the request: ${(error as Error).message}` };
  }
  const { code, message, what, remedy, sentence } = error;
  if (remedy !== null) return { code, message, what, remedy: remedy.parts.map(toWirePart) };
  const hasCommands = sentence.parts.some((part) => typeof part !== 'string');
  return hasCommands ? { code, message, said: sentence.parts.map(toWirePart) } : { code, message };
}

/** The same as a client throws it. A code or a remedy that only a newer core knows does no harm. */
export function fromWireFailure({ code, message, what, remedy, said }: WireFailure): ControlError {
  const known = Object.hasOwn(ERROR_CODES, code ?? '') ? (code as ErrorCode) : 'INVALID_ARGUMENT';
  const helps = readSentence((remedy ?? []).map(fromWirePart));
  if (what && helps?.parts.length) return new ControlError(known, what, { remedy: helps });
  const whole = readSentence((said ?? []).map(fromWirePart));
  if (whole?.parts.length) return new ControlError(known, whole);
  return new ControlError(known, message ?? 'the core refused the request without saying why');
}

function toWirePart(part: string | ToldCommand): WirePart {
  if (typeof part === 'string') return { text: part };
  const command = { words: [...part.words] };
  return part.kind === 'core' ? { coreCommand: command } : { shellCommand: command };
}

function fromWirePart({ text, coreCommand, shellCommand }: WirePart): string | ToldCommand | null {
  if (typeof text === 'string') return text;
  if (coreCommand) return { kind: 'core', words: coreCommand.words ?? [] };
  if (shellCommand) return { kind: 'shell', words: shellCommand.words ?? [] };
  return null;
}
