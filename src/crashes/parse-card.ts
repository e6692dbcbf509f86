/** A card from the text of its file. What a later or a broken core wrote there does no harm: each field has the type that it promises. Pure. */

import type { DeathCause } from '../supervisor/types.js';
import { CALL_KINDS, type ExecutedKind } from '../wire/event-kinds.js';
import { CARD_VERSION, type CardCall, type CardFrame, type CardLine, type CrashCard, type KeptCall } from './card.js';

/** What stands in the file is no card that this version can read; the message says why, as the end of a sentence. */
export class CardError extends Error {}

type Fields = Record<string, unknown>;

/** More of them than a core writes are not read. */
const MOST = { frames: 2000, log: 200, calls: 200 } as const;
const SOURCES: ReadonlySet<unknown> = new Set(['module', 'stdout', 'stderr', 'supervisor']);
const KINDS: ReadonlySet<unknown> = new Set([...CALL_KINDS, 'http']);

/**
 * Reads a card.
 *
 * @param id the name of its file
 * @throws CardError
 */
export function parseCard(text: string, id: string): CrashCard {
  const card = fieldsOf(readJson(text));
  if (card === null) throw new CardError('it is not complete');
  if (typeof card.version === 'number' && card.version > CARD_VERSION)
    throw new CardError(`a later version of mesibo-modules wrote it (form ${card.version})`);
  if (card.version !== CARD_VERSION || card.id !== id) throw new CardError('it is no crash card, or was renamed');
  if (Number.isNaN(Date.parse(textOf(card.time)))) throw new CardError('it does not say when the module died');
  const thread = fieldsOf(card.thread);
  const symbols = fieldsOf(card.symbols) ?? {};
  return {
    version: CARD_VERSION,
    id,
    time: textOf(card.time),
    module: textOf(card.module),
    file: textOf(card.file),
    sha256: textOrNull(card.sha256),
    buildId: textOrNull(card.buildId),
    abi: textOrNull(card.abi),
    generation: numberOf(card.generation),
    pid: numberOf(card.pid),
    uptimeMs: numberOf(card.uptimeMs),
    // A cause of a later core is shown as it is.
    cause: textOf(card.cause) as DeathCause,
    summary: textOf(card.summary),
    signal: textOrNull(card.signal),
    signalCode: textOrNull(card.signalCode),
    sender: numberOrNull(card.sender),
    exitCode: numberOrNull(card.exitCode),
    address: textOrNull(card.address),
    isOverflow: card.isOverflow === true,
    thread: thread && { id: numberOf(thread.id), name: textOf(thread.name), isMain: thread.isMain === true },
    phase: textOf(card.phase),
    callback: textOrNull(card.callback),
    message: callOf(card.message),
    isQuarantined: card.isQuarantined === true,
    frames: listOf(card.frames, MOST.frames, frameOf),
    isCut: card.isCut === true,
    noFrames: textOrNull(card.noFrames),
    symbols: {
      by: textOrNull(symbols.by),
      isPending: symbols.isPending === true,
      remark: textOrNull(symbols.remark),
    },
    log: listOf(card.log, MOST.log, lineOf),
    calls: listOf(card.calls, MOST.calls, callOf),
    memoryBytes: numberOrNull(card.memoryBytes),
    descriptors: numberOrNull(card.descriptors),
    limit: textOrNull(card.limit),
  };
}

/** A line of `ID.calls`; `null`: it makes no sense, as the last one of a disk that was full. */
export function parseKeptCall(line: string): KeptCall | null {
  const call = fieldsOf(readJson(line));
  if (call === null || !KINDS.has(call.kind) || typeof call.payload !== 'string') return null;
  const scalars = Object.entries(fieldsOf(call.scalars) ?? {}).filter(
    ([key, value]) => /^[a-z]+$/.test(key) && typeof value === 'string' && /^\d{1,20}$/.test(value),
  );
  return {
    seq: numberOf(call.seq),
    kind: call.kind as ExecutedKind,
    scalars: Object.fromEntries(scalars) as Record<string, string>,
    from: textOrNull(call.from),
    to: textOrNull(call.to),
    payload: call.payload,
  };
}

function callOf(value: unknown): CardCall | null {
  const call = fieldsOf(value);
  if (call === null) return null;
  return {
    seq: numberOf(call.seq),
    kind: (KINDS.has(call.kind) ? call.kind : 'message') as ExecutedKind,
    id: textOf(call.id),
    from: textOrNull(call.from),
    to: textOrNull(call.to),
    type: textOf(call.type),
    bytes: numberOf(call.bytes),
    verdict: call.verdict === 'pass' || call.verdict === 'consumed' ? call.verdict : null,
    isKept: call.isKept === true,
  };
}

function frameOf(value: unknown): CardFrame | null {
  const frame = fieldsOf(value);
  if (frame === null) return null;
  return {
    address: textOf(frame.address),
    object: textOrNull(frame.object),
    buildId: textOrNull(frame.buildId),
    offset: textOrNull(frame.offset),
    isOfModule: frame.isOfModule === true,
    function: textOrNull(frame.function),
    functionOffset: numberOrNull(frame.functionOffset),
    source: textOrNull(frame.source),
    line: numberOrNull(frame.line),
    isInlined: frame.isInlined === true,
  };
}

function lineOf(value: unknown): CardLine | null {
  const line = fieldsOf(value);
  if (line === null) return null;
  const source = SOURCES.has(line.source) ? (line.source as CardLine['source']) : 'supervisor';
  return { time: numberOf(line.time), source, level: numberOf(line.level), text: textOf(line.text) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function listOf<T>(value: unknown, most: number, read: (one: unknown) => T | null): T[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, most)
    .map(read)
    .filter((one) => one !== null);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(value: unknown): number {
  return numberOrNull(value) ?? 0;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
