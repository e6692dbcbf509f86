/** Frames as lines of JSON, with their ends. Default values are left out. */

import { isUtf8 } from 'node:buffer';
import type { CallEvent } from '../../call-event.js';
import { SCALARS, type WireParams } from '../../params.js';
import type { CoreFrame, Failure, OutcomeFrame, ServerFrame } from '../frames.js';

type Json = Record<string, unknown>;

/** What a core says. */
export function coreLine(frame: CoreFrame): string {
  if (frame.kind === 'outcome' && isPlain(frame)) return `{"outcome":{"id":"${frame.id}","verdict":"pass"}}\n`;
  return lineOf(frame.kind, coreFields(frame));
}

/** What a server says. */
export function serverLine(frame: ServerFrame): string {
  return lineOf(frame.kind, serverFields(frame));
}

function lineOf(kind: string, fields: Json): string {
  return `${JSON.stringify({ [kind]: fields })}\n`;
}

function isPlain(outcome: OutcomeFrame): boolean {
  const { verdict, by, defaultReason, defaultBy, params, payload, trace, failure } = outcome;
  const isTold = verdict === 'consumed' || by !== null || defaultReason !== null || defaultBy !== null;
  return !isTold && params === null && payload === null && trace.length === 0 && failure === null;
}

function coreFields(frame: CoreFrame): Json {
  switch (frame.kind) {
    case 'welcome':
      return {
        version: frame.version,
        core_version: frame.coreVersion,
        max_message: frame.maxMessage,
        window: frame.window,
        callbacks: frame.callbacks,
        chain_deadline_ms: frame.chainDeadlineMs,
      };
    case 'outcome':
      return outcomeFields(frame);
    case 'send':
      return {
        sent_id: frame.sentId,
        module: frame.module,
        params: paramsFields(frame.params),
        ...payloadFields(frame.payload),
        ...(frame.cause === null ? {} : { cause: String(frame.cause) }),
      };
    case 'failure':
      return failureFields(frame);
  }
}

function outcomeFields(outcome: OutcomeFrame): Json {
  const { id, verdict, by, defaultReason, defaultBy, params, payload, trace, failure } = outcome;
  if (failure !== null) return { id: String(id), failure: failureFields(failure) };
  return {
    id: String(id),
    verdict,
    ...(by === null ? {} : { by }),
    ...(defaultReason === null ? {} : { default_reason: defaultReason }),
    ...(defaultBy === null ? {} : { default_by: defaultBy }),
    ...(params === null ? {} : { params: paramsFields(params) }),
    ...(payload === null ? {} : payloadFields(payload)),
    ...(trace.length === 0 ? {} : { trace: trace.map(tracedFields) }),
  };
}

function tracedFields({ module, verdict, defaultReason, micros }: OutcomeFrame['trace'][number]): Json {
  return { module, verdict, ...(defaultReason === null ? {} : { default_reason: defaultReason }), micros };
}

function failureFields({ code, message, fatal, eventId, sentIds }: Failure): Json {
  return {
    code,
    message,
    ...(fatal ? { fatal } : {}),
    ...(eventId === null ? {} : { event_id: String(eventId) }),
    ...(sentIds.length === 0 ? {} : { sent_ids: sentIds }),
  };
}

function serverFields(frame: ServerFrame): Json {
  switch (frame.kind) {
    case 'hello':
      return {
        version_min: frame.versionMin,
        version_max: frame.versionMax,
        server: frame.server,
        ...(frame.instance === '' ? {} : { instance: frame.instance }),
        ...(frame.takesSends ? { takes_sends: true } : {}),
        ...(frame.window === 0 ? {} : { window: frame.window }),
      };
    case 'event':
      return { id: String(frame.id), ...(frame.trace ? { trace: true } : {}), ...eventFields(frame.event) };
    case 'ack':
      return { sent_ids: frame.sentIds, ...(frame.refused ? { refused: true } : {}) };
    case 'send_status':
      return { sent_id: frame.sentId, status: frame.status, params: paramsFields(frame.params) };
  }
}

function eventFields(event: CallEvent): Json {
  switch (event.kind) {
    case 'message':
      return { message: { params: paramsFields(event.params), ...payloadFields(event.payload) } };
    case 'status':
      return { status: paramsFields(event.params) };
    case 'login': {
      const { address, online, flags } = event.login;
      return { login: { flags: String(flags), online: String(online), address: addressField(address) } };
    }
    case 'call':
      return { call: {} };
    case 'callStatus':
      return { call_status: {} };
  }
}

function paramsFields(params: WireParams): Json {
  const fields: Json = {};
  for (const name of SCALARS) {
    const value = params[name];
    if (value && (value.low !== 0 || value.high !== 0)) fields[name] = String(value);
  }
  if (params.to != null) fields.to = addressField(params.to);
  if (params.from != null) fields.from = addressField(params.from);
  return fields;
}

function addressField(bytes: Uint8Array): unknown {
  return isUtf8(bytes) ? stringOf(bytes) : { base64: bufferOf(bytes).toString('base64') };
}

function payloadFields(bytes: Uint8Array): Json {
  return isUtf8(bytes) ? { text: stringOf(bytes) } : { payload: bufferOf(bytes).toString('base64') };
}

function stringOf(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('utf8');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
