/** What a host did: as it reports it while it lives, and as its black box has it at its end. All of it once, in order. */

import { type BoxHeader, isReachable } from '../../wire/black-box.js';
import type { Log, Report, Result, Sent } from '../../wire/codec.js';
import { type RecordSink, readRecords } from '../../wire/records.js';
import { type LaneName, laneOf, type PendingCall } from '../calls/pending-call.js';
import { type Settlement, settleCalls } from '../calls/settle.js';
import { findRecordsProblem, findReportProblem, findResultProblem, findSentProblem } from '../calls/verify.js';
import type { Peer } from '../host-socket.js';
import { Link } from '../link.js';
import type { DroppedKind } from '../output/dropped-output.js';
import { Growth } from '../output/growth.js';
import type { BoxFile } from './box-file.js';

/** Who is told what a host did. */
export interface IntakeListener {
  answered(pending: PendingCall, result: Result): void;
  sent(sent: Sent): void;
  logged(log: Log): void;
  dropped(kind: DroppedKind, count: number): void;
  refusedSends(count: number): void;
  /** The host said what cannot be, in words; nothing is taken over of that. */
  distrusted(problem: string): void;
}

/** What bounds it. */
export interface IntakeLimits {
  window: number;
  maxMessageBytes: number;
  logRate: number | null;
}

/** The calls of one host, and what came of them. */
export class Intake {
  readonly #box: BoxFile;
  readonly #limits: IntakeLimits;
  readonly #listener: IntakeListener;
  readonly #lastAnswered: Record<LaneName, number> = { message: 0, notification: 0 };
  readonly #totals = { full: new Growth(), limited: new Growth(), refusedSends: new Growth() };
  /** The black-box position up to which verdicts were looked for while the host was at work. */
  #searched = 0;
  /** `null` before the host has connected. */
  #link: Link | null = null;
  /** Log lines that are left out from here on. */
  #excess = 0;
  readonly #records: RecordSink = {
    result: (seq, value, micros, expired, params, payload) =>
      this.#answer(seq, { value, micros, expired, params, payload }),
    sent: (params, payload) => this.#send({ params, payload }),
    log: (level, text) => {
      if (this.#excess > 0) this.#excess -= 1;
      else this.#listener.logged({ level, text });
    },
  };
  /** Of records that the host will report, if it can, only the verdicts. */
  readonly #verdicts: RecordSink = { ...this.#records, sent: () => {}, log: () => {} };

  constructor(box: BoxFile, limits: IntakeLimits, listener: IntakeListener) {
    this.#box = box;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** The host is there. */
  connect(peer: Peer): void {
    this.#link = new Link(peer, this.#limits.window, this.#box.ringSize);
  }

  get link(): Link | null {
    return this.#link;
  }

  get inFlight(): number {
    return this.#link?.inFlight ?? 0;
  }

  /** The call that the host executes, by its black box; `null`: none, or one that it was not given. */
  executing(header: BoxHeader | null): PendingCall | null {
    return (header?.currentSeq && this.#link?.find(header.currentSeq)) || null;
  }

  /** Takes over what the host reports. */
  report(report: Report): void {
    const link = this.#link;
    if (!link || !this.#trust(findReportProblem(report, link.taken, this.#box.ringSize))) return;
    this.#box.notes.begin(link.taken);
    link.takeOver(report);
    this.#trust(findRecordsProblem(report, readRecords(report.ring, report.start, this.#records)));
    this.#count({ full: report.droppedLogs, limited: report.limitedLogs, refusedSends: report.refusedSends });
  }

  /**
   * Takes verdicts from the black box that the host cannot report, as it is at work on the call behind them. Only
   * verdicts: the rest comes with the report, which then has nothing new of these calls.
   */
  takeFinished(): void {
    const header = this.inFlight > 0 ? this.#box.readHeader() : null;
    if (!header?.currentSeq) return;
    const from = Math.max(this.#link?.taken ?? 0, this.#searched);
    if (!isReachable(header.head, from, this.#box.ringSize)) return;
    this.#searched = header.head;
    this.#box.readRing(from, header.head, this.#verdicts);
  }

  /** The host is dead: takes what never travelled from the black box, verdicts, sends and logs, in their order. */
  recover(header: BoxHeader | null): void {
    if (!header) return;
    const from = this.#link?.taken ?? 0;
    this.#box.notes.begin(from);
    this.#excess = this.#findExcess(from, header.head);
    this.#box.readRing(from, header.head, this.#records);
    this.#count({ full: header.droppedLogs, limited: 0, refusedSends: header.refusedSends });
  }

  /**
   * What becomes of the calls that are still unanswered; the intake holds none afterwards.
   *
   * @param crashed whether the host ended by itself, and not by a kill
   */
  settle(read: BoxHeader | null, crashed: boolean): Settlement {
    const link = this.#link;
    if (!link) return { lost: [], unseen: [] };
    // A header whose head is impossible tells nothing about calls either.
    const header = read && isReachable(read.head, link.taken, this.#box.ringSize) ? read : null;
    const { lastSeq } = link;
    return settleCalls(header, { held: link.abandon(), lastSeq, lastAnswered: this.#lastAnswered, crashed });
  }

  #send(sent: Sent): void {
    if (!this.#trust(findSentProblem(sent, this.#limits.maxMessageBytes))) return;
    this.#listener.sent(sent);
    this.#box.notes.handedOn();
  }

  #answer(seq: number, result: Result): void {
    const pending = this.#link?.find(seq);
    if (!pending || !this.#trust(findResultProblem(pending.event, result))) return;
    const lane = laneOf(pending.event);
    this.#lastAnswered[lane] = Math.max(this.#lastAnswered[lane], seq);
    this.#link?.answered(seq, pending);
    this.#listener.answered(pending, result);
  }

  /** @returns whether there is nothing wrong */
  #trust(problem: string | null): boolean {
    if (problem !== null) this.#listener.distrusted(problem);
    return problem === null;
  }

  /** Of more log lines than may be kept in a second, the last are: they tell most of a death. */
  #findExcess(from: number, head: number): number {
    const { logRate } = this.#limits;
    if (logRate === null) return 0;
    let lines = 0;
    const count = () => {
      lines += 1;
    };
    this.#box.readRing(from, head, { result: () => {}, sent: () => {}, log: count });
    const excess = Math.max(0, lines - logRate);
    if (excess > 0) this.#listener.dropped('limited', excess);
    return excess;
  }

  #count(totals: { full: number; limited: number; refusedSends: number }): void {
    for (const kind of ['full', 'limited'] as const) {
      const more = this.#totals[kind].to(totals[kind]);
      if (more > 0) this.#listener.dropped(kind, more);
    }
    const refused = this.#totals.refusedSends.to(totals.refusedSends);
    if (refused > 0) this.#listener.refusedSends(refused);
  }
}
