/** Requests and replies of the control socket as values. */

import type {
  DefaultReason,
  MessageParams,
  MessageParamsInput,
  Outcome,
  QuarantineRequest,
  SentMessage,
  Verdict,
} from '../supervisor/types.js';
import { mesibo } from '../wire/generated/control.js';
import { fromWireParams, SCALARS, toWireParams, type WireParams } from '../wire/params.js';

const wire = mesibo.control.v1;
/** What may be ordered of one module, as on the command line. */
export type ModuleOrder = 'restart' | 'start' | 'stop' | 'reset';

const ORDERS = { restart: 1, start: 2, stop: 3, reset: 4 } as const satisfies Record<ModuleOrder, number>;

const QUARANTINE_REQUESTS = { list: 1, show: 2, release: 3, 'release-all': 4 } as const satisfies Record<
  QuarantineRequest['kind'],
  number
>;

const MAX_U64 = 0xffffffffffffffffn;

export type Request = mesibo.control.v1.Request.$Properties;
export type Reply = mesibo.control.v1.Reply.$Properties;
/** A message that a module sent, as it travels. */
export type WireSent = mesibo.control.v1.Sent.$Properties;

/** A sent message as a client sees it: its generation stays in the core. */
export type ReportedMessage = Omit<SentMessage, 'generation' | 'cause'>;

/** Encodes what a client asks. */
export function encodeRequest(request: Request): Uint8Array {
  return wire.Request.encode(request).finish();
}

/**
 * Decodes what a client asks.
 *
 * @throws Error when the bytes are not a request.
 */
export function decodeRequest(bytes: Uint8Array): Request {
  return wire.Request.decode(bytes);
}

/** Encodes what the core answers. */
export function encodeReply(reply: Reply): Uint8Array {
  return wire.Reply.encode(reply).finish();
}

/**
 * Decodes what the core answers.
 *
 * @throws Error when the bytes are not a reply.
 */
export function decodeReply(bytes: Uint8Array): Reply {
  return wire.Reply.decode(bytes);
}

/** An order as it travels. */
export function toWireOrder(order: ModuleOrder, module: string): mesibo.control.v1.OrderRequest.$Properties {
  return { kind: ORDERS[order], module };
}

/** An order as the core sees it; `null`: a client of another version meant one that this core does not know. */
export function fromWireOrder({ kind }: mesibo.control.v1.OrderRequest.$Properties): ModuleOrder | null {
  return (Object.keys(ORDERS) as ModuleOrder[]).find((order) => ORDERS[order] === kind) ?? null;
}

/** What is asked about the quarantine, as it travels. */
export function toWireQuarantine(request: QuarantineRequest): mesibo.control.v1.QuarantineRequest.$Properties {
  const { id = '', module = null } = request as { id?: string; module?: string | null };
  return { kind: QUARANTINE_REQUESTS[request.kind], id, module: module ?? '' };
}

/** The same as the core sees it; `null`: a client of another version meant something that this core does not know. */
export function fromWireQuarantine({
  kind,
  id,
  module,
}: mesibo.control.v1.QuarantineRequest.$Properties): QuarantineRequest | null {
  const kinds = Object.keys(QUARANTINE_REQUESTS) as QuarantineRequest['kind'][];
  const found = kinds.find((one) => QUARANTINE_REQUESTS[one] === kind);
  if (found === 'show' || found === 'release') return { kind: found, id: id ?? '' };
  return found === undefined ? null : { kind: found, module: module || null };
}

/** Parameters as modules left them. They are reported and never refused, because nobody could shorten them now. */
function reported({ to, from, ...scalars }: MessageParams): WireParams {
  const wire = toWireParams(exact({ ...scalars, to: null, from: null }));
  if (to !== null) wire.to = Buffer.from(to);
  if (from !== null) wire.from = Buffer.from(from);
  return wire;
}

/** The outcome of a message as it travels to a client. */
export function toWireOutcome(outcome: Outcome): mesibo.control.v1.Outcome.$Properties {
  return {
    verdict: outcome.verdict,
    by: outcome.by,
    params: reported(outcome.params),
    payload: outcome.payload,
    trace: outcome.trace.map((entry) => ({ ...entry, micros: Math.max(0, Math.round(entry.micros)) })),
  };
}

/** The outcome of a message as a client sees it. */
export function fromWireOutcome(outcome: mesibo.control.v1.Outcome.$Properties): Outcome {
  return {
    verdict: (outcome.verdict ?? 'pass') as Verdict,
    by: outcome.by ?? null,
    params: fromWireParams(outcome.params ?? {}),
    payload: Buffer.from(outcome.payload ?? []),
    trace: (outcome.trace ?? []).map((entry) => ({
      module: entry.module ?? '',
      verdict: (entry.verdict ?? 'pass') as Verdict,
      default: (entry.default ?? null) as DefaultReason | null,
      micros: entry.micros ?? 0,
    })),
  };
}

/** A message that a module sent, as it travels to a client. */
export function toWireSent(sent: SentMessage): WireSent {
  const { module, sentId, params, payload } = sent;
  return { module, sentId, params: reported(params), payload };
}

/** A message that a module sent, as a client sees it. */
export function fromWireSent(sent: WireSent): ReportedMessage {
  return {
    module: sent.module ?? '',
    sentId: sent.sentId ?? '',
    params: fromWireParams(sent.params ?? {}),
    payload: Buffer.from(sent.payload ?? []),
  };
}

/** The parameters of a request with all their 64 bits, which plain numbers would lose. */
export function fromWireInput(params: WireParams): MessageParamsInput {
  const { to, from } = fromWireParams(params);
  const input: MessageParamsInput = { to, from };
  for (const field of SCALARS) {
    const value = params[field];
    if (value) input[field] = BigInt(value.toString());
  }
  return input;
}

/** A number above 2^53 was rounded on its way out of the core; it must still be one that can travel. */
function exact(params: MessageParams): MessageParamsInput {
  const input: MessageParamsInput = { ...params };
  for (const field of SCALARS) {
    const value = BigInt(params[field]);
    input[field] = value > MAX_U64 ? MAX_U64 : value;
  }
  return input;
}
