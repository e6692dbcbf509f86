/** Messages and what became of them, as JSON and for a person: pure. */

import type { ReportedMessage } from '../../src/control/frames.js';
import { escapeControl } from '../../src/escape-control.js';
import type { Outcome } from '../../src/supervisor/types.js';
import { messageFields, paramsFields } from '../../src/wire/message-document.js';

/** The first line of `send --json`. */
export function outcomeToJson({ verdict, by, params, payload, trace }: Outcome): string {
  return JSON.stringify({
    verdict,
    by,
    ...messageFields(payload),
    params: paramsFields(params),
    trace: trace.map((entry) => ({
      module: entry.module,
      verdict: entry.verdict,
      default: entry.default,
      micros: entry.micros,
    })),
  });
}

/** Each further line of `send --json`. */
export function sentToJson({ module, sentId, params, payload }: ReportedMessage): string {
  return JSON.stringify({ sent: { module, sentId, params: paramsFields(params), ...messageFields(payload) } });
}

/** The outcome for a person: verdict, the text where modules changed it, and what each module made of it. */
export function renderOutcome({ verdict, by, payload, trace }: Outcome, original: Uint8Array): string {
  const micros = trace.reduce((sum, entry) => sum + entry.micros, 0);
  const decided = by === null ? verdict : `${verdict} by ${escapeControl(by)}`;
  const lines = [trace.length === 0 ? `${decided} (no module wanted it)` : `${decided} (${micros} us)`];
  if (!payload.equals(original)) lines.push(`  message is now: ${renderText(payload)}`);
  const width = Math.max(0, ...trace.map(({ module }) => module.length));
  for (const entry of trace) {
    const reason = entry.default === null ? '' : `  by default: ${entry.default}`;
    lines.push(
      `  ${escapeControl(entry.module).padEnd(width)}  ${entry.verdict.padEnd(8)}  ${entry.micros} us${reason}`,
    );
  }
  return lines.join('\n');
}

/** A message that a module sent, for a person. */
export function renderSent({ module, params, payload }: ReportedMessage): string {
  const [from, to] = [params.from, params.to].map((address) => (address === null ? '-' : escapeControl(address)));
  return `sent by ${escapeControl(module)}, from ${from} to ${to}: ${renderText(payload)}`;
}

/** A text, with control characters shown; bytes that are none are counted. */
export function renderText(payload: Buffer): string {
  const fields = messageFields(payload);
  return fields.message === null ? `${payload.length} bytes that are not text` : escapeControl(fields.message);
}
