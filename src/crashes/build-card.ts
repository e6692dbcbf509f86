/** A crash card of what is known of a death. Pure. */

import { isOfModule } from '../stacks/module-files.js';
import { plainFrame, type RawFrame, rawFramesOf } from '../stacks/raw-frame.js';
import type { DeathCall, DeathEvidence } from '../supervisor/types.js';
import { CARD_VERSION, type CardCall, type CrashCard, type KeptCall, MAX_CARD_CALLS, MAX_CARD_LINES } from './card.js';
import { toCardCall, toKeptCall } from './card-calls.js';
import { nameExecuted } from './executed.js';
import { whyNoFrames } from './no-frames.js';
import { notedIn } from './noted.js';
import { signalName } from './signals.js';

/** The bodies of one card, together. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The card before anything has looked for symbols. */
export function buildCard(evidence: DeathEvidence): CrashCard {
  const { note, file, files, call } = evidence;
  const fault = typeof note === 'string' ? null : note;
  const calls = listCalls(evidence);
  const kept = new Set(keptOf(evidence));
  return {
    version: CARD_VERSION,
    id: evidence.cardId,
    time: evidence.diedAt.toISOString(),
    module: evidence.module,
    file,
    sha256: evidence.sha256,
    abi: evidence.abi,
    generation: evidence.generation,
    pid: evidence.pid,
    uptimeMs: evidence.uptimeMs,
    cause: evidence.cause,
    summary: evidence.summary,
    signal: evidence.signal ?? (fault?.signal ? signalName(fault.signal) : null),
    exitCode: evidence.exitCode,
    ...notedIn(fault, file),
    phase: evidence.phase,
    callback: callbackOf(evidence),
    message: call ? toCardCall(call, kept.has(call)) : findCause(evidence, calls, kept),
    isQuarantined: evidence.isQuarantined,
    frames: fault === null ? [] : rawFramesOf(fault).map((raw) => plainFrame(raw, isOwn(raw, files))),
    noFrames: whyNoFrames(evidence),
    symbols: { by: null, isPending: false, remark: null },
    log: evidence.lines.slice(-MAX_CARD_LINES).map(({ time, source, level, text }) => ({ time, source, level, text })),
    calls: calls.map((one) => toCardCall(one, kept.has(one))),
    memoryBytes: evidence.memoryBytes,
    descriptors: evidence.descriptors,
    limit: evidence.limit,
  };
}

function isOwn({ object }: RawFrame, files: DeathEvidence['files']): boolean {
  return object !== null && isOfModule(object.path, files);
}

/** The calls whose bodies `crash_body` lets the card keep, oldest first. */
export function* keptCalls(evidence: DeathEvidence): Generator<KeptCall> {
  for (const call of keptOf(evidence)) yield toKeptCall(call);
}

/** The memory that the calls of a death hold. */
export function heldBytes({ call, calls }: DeathEvidence): number {
  return [...calls, ...(call === null ? [] : [call])].reduce((sum, { event }) => sum + event.bytes.length, 0);
}

function keptOf(evidence: DeathEvidence): DeathCall[] {
  switch (evidence.crashBody) {
    case 'no':
      return [];
    case 'last':
      return evidence.call === null ? [] : [evidence.call];
    case 'all':
      return newest(listCalls(evidence).filter(({ isWhole }) => isWhole));
  }
}

/** As many as fit. */
function newest(calls: DeathCall[]): DeathCall[] {
  let bytes = 0;
  const first = calls.findLastIndex(({ payloadBytes }) => {
    bytes += payloadBytes;
    return bytes > MAX_BODY_BYTES;
  });
  return calls.slice(first + 1);
}

/** The last ones, with the one that was being executed as the last. */
function listCalls({ call, calls }: DeathEvidence): DeathCall[] {
  if (call === null) return calls.slice(-MAX_CARD_CALLS);
  return [...calls.filter(({ seq }) => seq !== call.seq), call].slice(-MAX_CARD_CALLS);
}

/** The call that led to the callback of an http request, as far as it is still known. */
function findCause({ executing }: DeathEvidence, calls: DeathCall[], kept: Set<DeathCall>): CardCall | null {
  const cause = executing?.cause ?? null;
  if (cause === null || cause.kind === 'http') return null;
  const id = cause.messageId.toString();
  const unknown = { seq: 0, from: null, to: null, type: '0', bytes: 0, verdict: null, isKept: false };
  if (cause.messageId === 0n) return { ...unknown, kind: cause.kind, id };
  const known = calls.map((one) => toCardCall(one, kept.has(one)));
  return known.findLast((one) => one.kind === cause.kind && one.id === id) ?? { ...unknown, kind: cause.kind, id };
}

/** What the module was doing, by the name that its author knows. */
function callbackOf({ executing, phase, served }: DeathEvidence): string | null {
  if (executing !== null) return nameExecuted(executing.kind);
  if (phase === 'cleanup') return 'cleanup';
  if (served) return null;
  if (phase === 'init' || phase === 'init-by-default') return 'init';
  return phase === 'loading' ? 'the loading of its file' : null;
}
