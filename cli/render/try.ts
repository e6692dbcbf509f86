/** What a module that is tried does, for a person and as JSON: pure. */

import { escapeControl } from '../../src/escape-control.js';
import type { Outcome } from '../../src/supervisor/types.js';
import type { TryEvent } from '../../src/throwaway/try-module.js';
import { outcomeToJson, renderText, sentToJson } from './message.js';

/** What happened, in lines; none when it says nothing to a person. */
export function renderTry(event: TryEvent): string[] {
  switch (event.kind) {
    case 'ready':
      return [`module ${event.module} is ready after ${Math.round(event.startMicros / 1000)} ms; ABI ${event.abi}`];
    case 'log':
      return [`    ${SPEAKERS[event.line.source]}: ${escapeControl(event.line.text)}`];
    case 'sent': {
      const { from, to } = event.sent.params;
      return [`    sends, from ${renderAddress(from)} to ${renderAddress(to)}: ${renderText(event.sent.payload)}`];
    }
    case 'outcome':
      return renderTried(event.outcome, event.sent);
    case 'died':
      return [`  ! ${escapeControl(event.event.text)}`];
    case 'crash':
      // The caller has the file system, where the sources may be.
      return [];
  }
}

/** What happened, as a JSON document; `null` when it has none. */
export function tryToJson(event: TryEvent): string | null {
  switch (event.kind) {
    case 'ready':
      return null;
    case 'log': {
      const { source, level, text } = event.line;
      return JSON.stringify({ log: { source, level, text } });
    }
    case 'sent':
      return sentToJson(event.sent);
    case 'outcome':
      return outcomeToJson(event.outcome);
    case 'died': {
      const { cause, signal, exitCode, text } = event.event;
      return JSON.stringify({ died: { cause, signal, exitCode, text } });
    }
    case 'crash':
      return JSON.stringify({ card: event.card });
  }
}

function renderTried(
  { verdict, trace, params, payload }: Outcome,
  sent: { params: object; payload: Buffer },
): string[] {
  const [entry] = trace;
  const before = sent.params as { from?: string; to?: string };
  if (!entry) return ['  = pass: the module has no on_message'];
  const why = entry.default === null ? '' : ` by default, because of: ${entry.default}`;
  const lines = [`  = ${verdict}${why}, after ${(entry.micros / 1000).toFixed(1)} ms`];
  if (!payload.equals(sent.payload)) lines.push(`    the text is now: ${renderText(payload)}`);
  if (params.to !== before.to) lines.push(`    it is now to: ${renderAddress(params.to)}`);
  if (params.from !== before.from) lines.push(`    it is now from: ${renderAddress(params.from)}`);
  return lines;
}

const SPEAKERS = { module: 'logs', stdout: 'prints', stderr: 'prints to stderr', supervisor: 'note' } as const;

function renderAddress(address: string | null): string {
  return address === null ? 'nobody' : escapeControl(address);
}
