/** Messages and what became of them, as JSON and for a person: pure. */

import type { ReportedMessage } from '../../src/control/frames.js';
import { escapeControl } from '../../src/logs/format.js';
import type { MessageParams, Outcome } from '../../src/supervisor/types.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as it is; bytes that are not UTF-8 as `messageBase64`, beside a `message` that is `null`. */
function messageFields(payload: Buffer): { message: string } | { message: null; messageBase64: string } {
  try {
    return { message: UTF8.decode(payload) };
  } catch {
    return { message: null, messageBase64: payload.toString('base64') };
  }
}

/** The parameters by their C names; ids are decimal strings, since a JSON number would round them. */
function paramsFields(params: MessageParams): Record<string, string | number | null> {
  return {
    aid: String(params.aid),
    id: String(params.id),
    refid: String(params.refid),
    groupid: String(params.groupid),
    flags: params.flags,
    type: params.type,
    expiry: params.expiry,
    uflags: params.uflags,
    status: params.status,
    sid: String(params.sid),
    device: params.device,
    to: params.to,
    from: params.from,
  };
}

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
  return fields.message === null ? `${payload.length} bytes that are no text` : escapeControl(fields.message);
}
