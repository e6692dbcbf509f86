/** Messages that killed a module, for tests of the quarantine. */

import type { Kill } from '../../src/quarantine/entry.js';
import { fingerprintOf } from '../../src/quarantine/fingerprint.js';
import type { QuarantinedMessage } from '../../src/supervisor/types.js';
import { CallEvent } from '../../src/wire/call-event.js';
import type { MessageParamsInput } from '../../src/wire/params.js';

export const BUILD = 'a'.repeat(64);
export const OTHER_BUILD = 'b'.repeat(64);
export const DAY_MS = 24 * 60 * 60 * 1000;
export const ONCE = { quarantine: 1, quarantineTtlMs: DAY_MS };

/** A message, from `alice` to `bob` unless told otherwise. */
export function message(payload: string | Uint8Array, params: MessageParamsInput = {}): CallEvent {
  return CallEvent.message({ from: 'alice', to: 'bob', ...params }, Buffer.from(payload));
}

/** The death that a message caused. */
export function killBy(event: CallEvent, changes: Partial<Kill> = {}): Kill {
  const { from, to } = event.params;
  const text = (bytes: Uint8Array | null | undefined) => (bytes == null ? null : Buffer.from(bytes).toString());
  return {
    module: 'filter',
    build: BUILD,
    message: { ...fingerprintOf(event), from: text(from), to: text(to) },
    signal: 'SIGSEGV',
    exitCode: null,
    cardId: 'filter-20261130T131500Z-4',
    ...changes,
  };
}

/** A message as it is shown. */
export function quarantined(changes: Partial<QuarantinedMessage> = {}): QuarantinedMessage {
  return {
    id: 'filter-0123456789ab',
    module: 'filter',
    state: 'withheld',
    build: BUILD,
    messageId: '4711',
    from: 'alice',
    to: 'bob',
    type: '1',
    bytes: 12,
    hash: 'c'.repeat(64),
    crashes: 1,
    withheld: 2,
    firstAt: '2026-11-30T12:00:00.000Z',
    lastAt: '2026-11-30T12:00:00.000Z',
    until: '2026-12-01T12:00:00.000Z',
    signal: 'SIGSEGV',
    exitCode: null,
    cardId: 'filter-20261130T120000Z-4',
    ...changes,
  };
}
