/** Writes what a core says in protobuf. */

import { mesibo } from '../../generated/gateway.js';
import { tagOf, WIRE } from '../../protobuf.js';
import { varintBytes, writeVarint } from '../../room.js';
import type { CoreFrame, Failure, OutcomeFrame, SendFrame } from '../frames.js';
import type { FrameOut } from './frame-out.js';
import { longOf, textFieldBytes, writeBigint, writeTextField } from './writing.js';

const wire = mesibo.gateway.v1;

const TAG = {
  outcome: tagOf(2, WIRE.bytes),
  id: tagOf(1, WIRE.fixed64),
  verdict: tagOf(2, WIRE.varint),
  by: tagOf(3, WIRE.bytes),
  defaultReason: tagOf(4, WIRE.bytes),
  defaultBy: tagOf(5, WIRE.bytes),
} as const;
/** Its tag, and 8 bytes. */
const ID_BYTES = 9;
const VERDICT_BYTES = 2;
const CONSUMED = wire.Verdict.CONSUMED;
const PASS = wire.Verdict.PASS;

/** Adds a frame to those that leave next. */
export function writeCoreFrame(out: FrameOut, frame: CoreFrame): void {
  if (frame.kind === 'outcome' && isPlain(frame)) writePlainOutcome(out, frame);
  else out.add(wire.CoreFrame.encode(propertiesOf(frame)).finish());
}

/** Nothing was changed, and the outcome has only a verdict. Nearly all are like this. */
function isPlain({ params, payload, trace, failure }: OutcomeFrame): boolean {
  return params === null && payload === null && trace.length === 0 && failure === null;
}

function writePlainOutcome(out: FrameOut, { id, verdict, by, defaultReason, defaultBy }: OutcomeFrame): void {
  const texts = textFieldBytes(by) + textFieldBytes(defaultReason) + textFieldBytes(defaultBy);
  const length = ID_BYTES + (verdict === 'consumed' ? VERDICT_BYTES : 0) + texts;
  let at = out.begin(1 + varintBytes(length) + length);
  const { bytes } = out;
  bytes[at] = TAG.outcome;
  at = writeVarint(bytes, at + 1, length);
  bytes[at] = TAG.id;
  at = writeBigint(bytes, at + 1, id);
  if (verdict === 'consumed') {
    bytes[at] = TAG.verdict;
    bytes[at + 1] = CONSUMED;
    at += VERDICT_BYTES;
  }
  at = writeTextField(bytes, at, TAG.by, by);
  at = writeTextField(bytes, at, TAG.defaultReason, defaultReason);
  writeTextField(bytes, at, TAG.defaultBy, defaultBy);
}

function propertiesOf(frame: CoreFrame): mesibo.gateway.v1.CoreFrame.$Properties {
  switch (frame.kind) {
    case 'welcome': {
      const { kind: _, ...welcome } = frame;
      return { welcome };
    }
    case 'outcome':
      return { outcome: outcomeProperties(frame) };
    case 'send':
      return { send: sendProperties(frame) };
    case 'failure':
      return { failure: failureProperties(frame) };
  }
}

function outcomeProperties(outcome: OutcomeFrame): mesibo.gateway.v1.Outcome.$Properties {
  const { id, verdict, by, defaultReason, defaultBy, params, payload, trace, failure } = outcome;
  return {
    id: longOf(id),
    verdict: verdictOf(verdict),
    by,
    defaultReason,
    defaultBy,
    params,
    payload,
    trace: trace.map((traced) => ({ ...traced, verdict: verdictOf(traced.verdict) })),
    failure: failure && failureProperties(failure),
  };
}

function verdictOf(verdict: 'pass' | 'consumed'): mesibo.gateway.v1.Verdict {
  return verdict === 'consumed' ? CONSUMED : PASS;
}

function sendProperties({ sentId, module, params, payload, cause }: SendFrame): mesibo.gateway.v1.Send.$Properties {
  return { sentId, module, params, payload, cause: cause === null ? null : longOf(cause) };
}

function failureProperties(failure: Failure): mesibo.gateway.v1.Failure.$Properties {
  const { code, message, fatal, eventId, sentIds } = failure;
  return { code, message, fatal, eventId: eventId === null ? null : longOf(eventId), sentIds };
}
