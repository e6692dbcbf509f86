/** Frames between core and host as values: the only place that knows protobufjs. */

import { createHash } from 'node:crypto';
import { HandshakeError } from '../errors.js';
import { mesibo } from './generated/module.js';
import { decodeReport, type Report, reportOf } from './report.js';

const wire = mesibo.modules.v1;

/** A frame of a host as it is encoded. */
export type HostFrameFields = mesibo.modules.v1.HostFrame.$Properties;
/** A frame of a host as it is decoded. */
export type HostFrame = Omit<HostFrameFields, 'report'> & { report?: Report | null };
export type CoreFrame = mesibo.modules.v1.CoreFrame.$Properties;
export type Welcome = mesibo.modules.v1.Welcome.$Properties;
export type Surroundings = mesibo.modules.v1.Surroundings.$Properties;
export type Candidates = mesibo.modules.v1.Candidates.$Properties;
export type Ready = mesibo.modules.v1.Ready.$Properties;
export type Call = mesibo.modules.v1.Call.$Properties;
export type { Report };
export type Entry = mesibo.modules.v1.Entry.$Properties;
export type Sent = mesibo.modules.v1.Sent.$Properties;
export type Log = mesibo.modules.v1.Log.$Properties;
type Params = mesibo.modules.v1.Params.$Properties;

/** The first byte of a CoreFrame that is a batch: field 3, which holds bytes. */
const BATCH_TAG = 0x1a;

/**
 * The protocol versions that this build speaks, first to last. 7 has Ready.abi_source, which a host of 6 leaves out. 8 has
 * Welcome.pinned, which a host of 7 does not look at: then the core alone has checked the file. 9 has Welcome.refuse_http, without
 * which a shadow would make its http requests: it cannot be a host of 8.
 */
export const PROTOCOL = { min: 6, max: 9 } as const;

/** The first protocol whose hosts can refuse http requests. */
export const REFUSES_HTTP = 9;

/** Encodes one frame for the core. */
export function encodeHostFrame(frame: HostFrameFields): Uint8Array {
  return wire.HostFrame.encode(frame).finish();
}

/** Encodes one frame for a host. */
export function encodeCoreFrame(frame: CoreFrame): Uint8Array {
  return wire.CoreFrame.encode(frame).finish();
}

/** Encodes parameters alone. */
export function encodeParams(params: Params): Buffer {
  return toBuffer(wire.Params.encode(params).finish());
}

/** Decodes parameters alone, from bytes that this process has encoded. */
export function decodeParams(bytes: Uint8Array): Params {
  return wire.Params.decode(bytes);
}

/** Encodes a login alone. */
export function encodeLogin(login: mesibo.modules.v1.Login.$Properties): Buffer {
  return toBuffer(wire.Login.encode(login).finish());
}

/** Decodes a login alone, from bytes that this process has encoded. */
export function decodeLogin(bytes: Uint8Array): mesibo.modules.v1.Login.$Properties {
  return wire.Login.decode(bytes);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Decodes a frame from a host.
 *
 * @throws {HandshakeError} when the bytes are no frame.
 */
export function decodeHostFrame(bytes: Uint8Array): HostFrame {
  const report = decodeReport(bytes);
  if (report !== null) return { report };
  const { report: fields, ...frame } = decode<HostFrameFields>('host', bytes, wire.HostFrame);
  return fields ? { report: reportOf(fields) } : frame;
}

/**
 * Decodes a frame from the core.
 *
 * @throws {HandshakeError} when the bytes are no frame.
 */
export function decodeCoreFrame(bytes: Uint8Array): CoreFrame {
  return decode('core', bytes, wire.CoreFrame);
}

function decode<T>(peer: 'core' | 'host', bytes: Uint8Array, type: { decode(bytes: Uint8Array): T }): T {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw damagedFrame(peer, bytes, cause);
  }
}

/** The error for bytes that are not a frame. */
export function damagedFrame(peer: 'core' | 'host', bytes: Uint8Array, cause?: unknown): HandshakeError {
  const message = `${bytes.length} bytes from the ${peer} are not a frame of the protocol`;
  return new HandshakeError('HANDSHAKE_FAILED', message, { cause });
}

/** Whether a frame of the core looks like a batch: its first field is one. A batch that stands behind other fields is missed. */
export function looksLikeBatch(bytes: Uint8Array): boolean {
  return bytes[0] === BATCH_TAG;
}

/**
 * The version both sides speak, from the range of the other side.
 *
 * @returns the highest common version, or `null` when the ranges do not meet.
 */
export function negotiate(min: number, max: number): number | null {
  const highest = Math.min(max, PROTOCOL.max);
  return highest >= Math.max(min, PROTOCOL.min) ? highest : null;
}

/** Proves that a core knows the token of a host, without revealing it. */
export function proofOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
