/** Reports of a host, decoded by hand, because every message of a module comes back in one. */

import type { mesibo } from './generated/module.js';
import { ProtobufReader, tagOf, WIRE } from './protobuf.js';

/** What a module did. Numbers above 2^53 are rounded; they cannot be true anyway. */
export interface Report {
  /** The position of the first record. */
  start: number;
  /** Records, see {@link readRecords}; a view of the frame. */
  ring: Buffer;
  /** The position behind everything that was reported or left out. */
  position: number;
  droppedLogs: number;
  limitedLogs: number;
  refusedSends: number;
}

const FRAME_REPORT = tagOf(4, WIRE.bytes);
const TAG = {
  position: tagOf(2, WIRE.fixed64),
  droppedLogs: tagOf(3, WIRE.fixed64),
  limitedLogs: tagOf(4, WIRE.fixed64),
  refusedSends: tagOf(5, WIRE.fixed64),
  start: tagOf(6, WIRE.fixed64),
  ring: tagOf(7, WIRE.bytes),
} as const;

const NOTHING = Buffer.alloc(0);
const reader = new ProtobufReader();

/** Decodes a frame that is a report and nothing else; `null`: it is something else, or damaged. */
export function decodeReport(frame: Uint8Array): Report | null {
  reader.begin(frame, 0, frame.length, Number.POSITIVE_INFINITY);
  if (reader.next() !== FRAME_REPORT || reader.length() !== frame.length - reader.at) return null;
  const report: Report = { start: 0, ring: NOTHING, position: 0, droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.start) report.start = reader.fixed64Number();
    else if (tag === TAG.ring) report.ring = readBytes(frame);
    else if (tag === TAG.position) report.position = reader.fixed64Number();
    else if (tag === TAG.droppedLogs) report.droppedLogs = reader.fixed64Number();
    else if (tag === TAG.limitedLogs) report.limitedLogs = reader.fixed64Number();
    else if (tag === TAG.refusedSends) report.refusedSends = reader.fixed64Number();
    else reader.skip(tag);
  }
  return reader.ok ? report : null;
}

/** The same of a report that came in another form of the protocol. */
export function reportOf(fields: mesibo.modules.v1.Report.$Properties): Report {
  const { start, ring, position, droppedLogs, limitedLogs, refusedSends } = fields;
  return {
    start: start?.toNumber() ?? 0,
    ring: ring ? viewOf(ring, 0, ring.length) : NOTHING,
    position: position?.toNumber() ?? 0,
    droppedLogs: droppedLogs?.toNumber() ?? 0,
    limitedLogs: limitedLogs?.toNumber() ?? 0,
    refusedSends: refusedSends?.toNumber() ?? 0,
  };
}

function readBytes(frame: Uint8Array): Buffer {
  const at = reader.skipBytes();
  return viewOf(frame, at, reader.at);
}

function viewOf(bytes: Uint8Array, from: number, to: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
}
