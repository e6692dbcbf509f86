/** Outcomes as servers are told them: pure. */

import type { DoorOutcome, TraceEntry } from '../supervisor/types.js';
import { emptyOutcome } from '../wire/gateway/empty-frames.js';
import { failureOf, type OutcomeFrame, type TracedVerdict } from '../wire/gateway/frames.js';

const NO_TRACE: readonly TracedVerdict[] = [];

/** What the modules decided. */
export function outcomeFrame(id: bigint, wantsTrace: boolean, outcome: DoorOutcome): OutcomeFrame {
  const { verdict, by, trace, event, hasNewParams, hasNewPayload } = outcome;
  const decisive = defaultOf(trace);
  return {
    kind: 'outcome',
    id,
    verdict,
    by,
    defaultReason: decisive?.default ?? null,
    defaultBy: decisive?.module ?? null,
    params: hasNewParams ? event.params : null,
    payload: hasNewPayload ? event.payload : null,
    trace: wantsTrace ? trace.map(traced) : NO_TRACE,
    failure: null,
  };
}

/** An event that could not be taken. */
export function refusedFrame(id: bigint, code: string, message: string): OutcomeFrame {
  const frame = emptyOutcome(id);
  frame.failure = failureOf(code, message);
  return frame;
}

/** The default verdict that counted: the one that consumed, which is the last of all, or else the first. */
function defaultOf(trace: readonly TraceEntry[]): TraceEntry | null {
  const last = trace.at(-1);
  if (last?.verdict === 'consumed' && last.default !== null) return last;
  for (const entry of trace) if (entry.default !== null) return entry;
  return null;
}

function traced({ module, verdict, default: reason, micros }: TraceEntry): TracedVerdict {
  return { module, verdict, defaultReason: reason, micros };
}
