/**
 * What one host owes: the calls that it was given, how they are sent, and their results. The host reports results while it
 * lives; its black box has the rest at its end. Each result is taken once, in order.
 */

import { performance } from 'node:perf_hooks';
import type { CrashBody } from '../../config/types.js';
import { IN_FRAME } from '../../wire/batch.js';
import { type BoxHeader, isReachable } from '../../wire/black-box.js';
import type { Log, Report } from '../../wire/codec.js';
import type { Lane } from '../../wire/event-kinds.js';
import { readOrigin } from '../../wire/origin.js';
import type { WireParams } from '../../wire/params.js';
import { type RecordSink, readRecords } from '../../wire/records.js';
import type { Evidence } from '../runner/evidence.js';
import type { Peer } from '../runner/peer.js';
import type { Origin, SendKeeper } from '../types.js';
import { toAnswer } from './answer.js';
import { BatchSender } from './batch-sender.js';
import { Growth } from './growth.js';
import { HeldCalls } from './held-calls.js';
import { Origins } from './origins.js';
import type { CallAnswer, PendingCall } from './pending-call.js';
import { RecentCalls } from './recent-calls.js';
import { SafePosition } from './safe-position.js';
import type { SentRecord } from './sent-record.js';
import { type Settlement, settleCalls } from './settle.js';
import { findRecordsProblem, findReportProblem, findResultProblem, findSentProblem } from './verify.js';

/** What a host can be told of how long a call may wait: more than an hour. Beyond it, only the core keeps the deadline. */
const MAX_BUDGET_MICROS = 0xffffffff;
const NO_LIMIT = 0;
/** A payload of this many bytes or more costs less when it is written where the host reads it than in a frame. */
const PLACED_BYTES = 8 * 1024;

/** Who is told what a host did. */
export interface LedgerListener {
  /** @param answer `null`: the call came too late to be made */
  answered(pending: PendingCall, answer: CallAnswer | null, nowMs: number): void;
  sent(sent: SentRecord): void;
  logged(log: Log): void;
  /** Log lines: beyond `log_rate`, or as the black box was full. */
  dropped(kind: 'limited' | 'full', count: number): void;
  refusedSends(count: number): void;
  /** The host said something impossible, described in words. The core uses nothing of it. */
  distrusted(problem: string): void;
}

/** What bounds it. */
export interface LedgerLimits {
  window: number;
  maxMessageBytes: number;
  logRate: number | null;
  crashBody: CrashBody;
}

/** What the ledger asks of who keeps what modules send. */
export type LedgerKeeper = Pick<SendKeeper, 'settled'>;

/** The calls of one host, and what came of them. */
export class Ledger {
  readonly #evidence: Evidence;
  readonly #limits: LedgerLimits;
  readonly #listener: LedgerListener;
  readonly #held = new HeldCalls();
  readonly #lastAnswered: Record<Lane, number> = { message: 0, notification: 0 };
  readonly #full = new Growth();
  readonly #limited = new Growth();
  readonly #refusedSends = new Growth();
  /** Messages that the host has answered. */
  messages = 0;
  #lastSeq = 0;
  /** The black-box position up to which verdicts were searched while the host was busy. */
  #searched = 0;
  /** `null` before the host has connected. */
  #peer: Peer | null = null;
  #sender: BatchSender | null = null;
  /** When what is being read came in. */
  #nowMs = 0;
  /** Log lines that are left out from here on. */
  #excess = 0;
  readonly #keeper: LedgerKeeper | null;
  readonly #safe: SafePosition;
  /** Where answered calls came from. */
  readonly #origins = new Origins();
  /** The last that it answered. */
  readonly recent: RecentCalls;
  /** Whether what is being read has sends. */
  #hasSends = false;
  readonly #records: RecordSink = {
    result: (seq, value, _micros, expired, params, payload) => this.#answer(seq, value, expired, params, payload),
    sent: (params, payload, position, during, origin) => {
      // The core forgets what was answered long ago, and the host does not.
      const cause = this.#originOf(during) ?? (origin === null ? null : readOrigin(origin));
      this.#send({ params, payload, position, cause });
    },
    log: (level, text) => {
      if (this.#excess > 0) this.#excess -= 1;
      else this.#listener.logged({ level, text });
    },
  };
  /** Only the verdicts, from records that the host will report if it can. */
  readonly #verdicts: RecordSink = { ...this.#records, sent: () => {}, log: () => {} };

  /** @param keeper keeps what the listener is told was sent; `null`: who is told has taken it */
  constructor(evidence: Evidence, limits: LedgerLimits, listener: LedgerListener, keeper: LedgerKeeper | null = null) {
    this.#evidence = evidence;
    this.#limits = limits;
    this.recent = new RecentCalls(limits.crashBody === 'all');
    this.#listener = listener;
    this.#keeper = keeper;
    this.#safe = new SafePosition(keeper, () => this.#release());
  }

  /** The host is there. */
  connect(peer: Peer): void {
    this.#peer = peer;
    this.#sender = new BatchSender(peer, this.#evidence.ringSize);
  }

  /** Calls that it has not answered. */
  get inFlight(): number {
    return this.#held.size;
  }

  /** Whether the host may have to wait for room in its black box, because what it sent is not safe yet. */
  get isHeld(): boolean {
    return this.#safe.isHeld;
  }

  /** Whether it still owes the call of a sequence number. */
  owes(seq: number): boolean {
    return this.#held.find(seq) !== null;
  }

  /** The call that the host executes, by its black box; `null`: none, or one that it was not given. */
  executing(header: BoxHeader | null): PendingCall | null {
    return header?.currentSeq ? this.#held.find(header.currentSeq) : null;
  }

  // ---- what the host is given ----

  /**
   * How many calls of a lane the host may still be given. Each lane has a window, and messages have as many bytes as the ring
   * takes. Notifications are few and must not wait for messages.
   */
  credit(lane: Lane): number {
    if (this.#peer === null) return 0;
    if (lane === 'message' && this.#held.bytesIn(lane) >= this.#evidence.ringSize) return 0;
    return this.#limits.window - this.#held.inLane(lane);
  }

  /** Hands one call to the host. */
  call(pending: PendingCall, nowMs: number): void {
    pending.seq = ++this.#lastSeq;
    const budgetMicros = Math.max(1, Math.round((pending.deadlineMs - nowMs) * 1000));
    pending.budgetMicros = budgetMicros > MAX_BUDGET_MICROS ? NO_LIMIT : budgetMicros;
    pending.place = this.#put(pending);
    this.#held.add(pending);
    this.#sender?.add(pending, this.#held.size);
  }

  /** Says which ABI of those offered the host tries. */
  attempt(abi: string): void {
    this.#peer?.send({ attempt: { abi } });
  }

  /** Asks the host for a sign of life. */
  beat(): void {
    this.#peer?.send({ beat: {} });
  }

  /** Asks the host to finish and exit. */
  stop(): void {
    this.#sender?.flush();
    this.#peer?.send({ stop: {} });
  }

  // ---- what it did ----

  /** Takes over what the host reports. */
  report(report: Report, nowMs: number): void {
    const sender = this.#sender;
    if (!sender || !this.#trust(findReportProblem(report, sender.taken, this.#evidence.ringSize))) return;
    const from = sender.taken;
    this.#evidence.notes.begin(from);
    sender.takeOver(report.position);
    this.#nowMs = nowMs;
    this.#hasSends = false;
    const skippedBytes = readRecords(report.ring, report.start, this.#records);
    this.#safe.read(from, report.position, this.#hasSends);
    if (this.#hasSends && this.#keeper !== null && !this.#safe.isHeld) this.#evidence.notes.reach(report.position);
    sender.release(this.#safe.position);
    this.#trust(findRecordsProblem(report, skippedBytes));
    this.#count(report.droppedLogs, report.limitedLogs, report.refusedSends);
  }

  /**
   * Takes verdicts from the black box that the host cannot report yet, because it executes the next call. It takes only
   * verdicts. The rest comes with the report, which then has nothing new about these calls.
   */
  takeFinished(): void {
    const header = this.inFlight > 0 ? this.#evidence.readHeader() : null;
    if (!header?.currentSeq) return;
    const from = Math.max(this.#taken, this.#searched);
    if (!isReachable(header.head, from, this.#evidence.ringSize)) return;
    this.#nowMs = performance.now();
    const skippedBytes = this.#evidence.readRing(from, header.head, this.#verdicts);
    // A record that is still being written is looked at again.
    if (skippedBytes === 0) this.#searched = header.head;
  }

  /** The host is dead: takes verdicts, sends and logs from the black box that were never reported, in their order. */
  recover(header: BoxHeader | null): void {
    if (!header) return;
    const from = this.#taken;
    this.#safe.close();
    this.#evidence.notes.begin(from);
    this.#excess = this.#findExcess(from, header.head);
    this.#nowMs = performance.now();
    this.#evidence.readRing(from, header.head, this.#records);
    this.#count(header.droppedLogs, 0, header.refusedSends);
  }

  /**
   * What becomes of the calls that are still unanswered; the ledger holds none afterwards.
   *
   * @param crashed whether the host ended by itself, and not by a kill
   */
  settle(read: BoxHeader | null, crashed: boolean): Settlement {
    // If the head position is impossible, the header says nothing reliable about calls either.
    const header = read && isReachable(read.head, this.#taken, this.#evidence.ringSize) ? read : null;
    this.#sender?.clear();
    const held = this.#held.clear();
    return settleCalls(header, { held, lastSeq: this.#lastSeq, lastAnswered: this.#lastAnswered, crashed });
  }

  get #taken(): number {
    return this.#sender?.taken ?? 0;
  }

  #send(sent: SentRecord): void {
    if (!this.#trust(findSentProblem(sent, this.#limits.maxMessageBytes))) return;
    this.#hasSends = true;
    this.#listener.sent(sent);
    if (this.#keeper === null) this.#evidence.notes.handedOn();
  }

  #originOf(seq: number): Origin | null {
    if (seq === 0) return null;
    return this.#held.find(seq)?.taker.origin ?? this.#origins.find(seq);
  }

  /** What the host sent is safe up to a position further on. */
  #release(): void {
    const { position } = this.#safe;
    this.#evidence.notes.reach(position);
    this.#sender?.release(position);
  }

  #answer(seq: number, value: number, expired: boolean, params: WireParams | null, payload: Uint8Array | null): void {
    const pending = this.#held.find(seq);
    if (pending === null) return;
    const { lane } = pending.event;
    // Also when its result is not trusted: it was made, and is not to be made again.
    if (seq > this.#lastAnswered[lane]) this.#lastAnswered[lane] = seq;
    const isUnchanged = params === null && payload === null;
    if (!isUnchanged && !this.#trust(findResultProblem(pending.event, params, payload))) return;
    this.#held.delete(pending);
    const answer = expired ? null : toAnswer(value, params, payload);
    if (answer !== null) {
      if (lane === 'message') this.messages += 1;
      this.recent.add(seq, pending.event, answer.verdict);
    }
    const { origin } = pending.taker;
    if (origin) this.#origins.remember(seq, origin);
    if (pending.place !== IN_FRAME) this.#evidence.payloads?.free(pending.place);
    this.#listener.answered(pending, answer, this.#nowMs);
  }

  #put({ event: { bytes, payloadAt, payloadBytes } }: PendingCall): number {
    const { payloads } = this.#evidence;
    if (payloads === null || payloadBytes < PLACED_BYTES) return IN_FRAME;
    return Math.max(IN_FRAME, payloads.put(bytes, payloadAt, payloadBytes));
  }

  /** @returns whether there is nothing wrong */
  #trust(problem: string | null): boolean {
    if (problem !== null) this.#listener.distrusted(problem);
    return problem === null;
  }

  /** How many lines at the beginning are over the limit of a second. The last lines are kept, as they tell most of a death. */
  #findExcess(from: number, head: number): number {
    const { logRate } = this.#limits;
    if (logRate === null) return 0;
    let lines = 0;
    const count = () => {
      lines += 1;
    };
    this.#evidence.readRing(from, head, { result: () => {}, sent: () => {}, log: count });
    const excess = Math.max(0, lines - logRate);
    if (excess > 0) this.#listener.dropped('limited', excess);
    return excess;
  }

  /** Each of them counts from the begin of the host. */
  #count(droppedLogs: number, limitedLogs: number, refusedSends: number): void {
    const full = this.#full.to(droppedLogs);
    if (full > 0) this.#listener.dropped('full', full);
    const limited = this.#limited.to(limitedLogs);
    if (limited > 0) this.#listener.dropped('limited', limited);
    const refused = this.#refusedSends.to(refusedSends);
    if (refused > 0) this.#listener.refusedSends(refused);
  }
}
