/** Between a host and its module: what happened, in the host's words. */

import type { AbiName, CrashBody } from '../../config/types.js';
import type { ModuleFiles } from '../../stacks/module-files.js';
import type { TakenStack } from '../../stacks/take-stack.js';
import type { Log, Ready } from '../../wire/codec.js';
import type { CallAnswer, PendingCall } from '../calls/pending-call.js';
import type { RecentCalls } from '../calls/recent-calls.js';
import type { SentRecord } from '../calls/sent-record.js';
import type { Ending } from '../runner/runner.js';
import type { Offer } from '../trials/trial.js';
import type { Death, DeathFacts } from './death.js';

/** What is dropped, and why. */
export type DroppedKind =
  /** Log lines beyond `log_rate`. */
  | 'limited'
  /** Log lines that found the black box full. */
  | 'full'
  /** Bytes of the host's output beyond `log_rate`. */
  | 'stdout'
  | 'stderr';

/** What a host tells its module. */
export interface HostListener<Host> {
  /** Its file does not tell the ABI. @returns the one of those offered that this host tries */
  offered(host: Host, offer: Offer): AbiName;
  /** Its process, which had to wait for others, has begun. */
  begun(host: Host): void;
  ready(host: Host, ready: Ready): void;
  /** A call was answered, perhaps after its deadline. @param answer `null`: the host got it too late to make it */
  answered(host: Host, pending: PendingCall, answer: CallAnswer | null, nowMs: number): void;
  sent(host: Host, sent: SentRecord): void;
  logged(host: Host, log: Log): void;
  printed(host: Host, stream: 'stdout' | 'stderr', line: string): void;
  /** Output was dropped: lines, or bytes of a stream. */
  dropped(host: Host, kind: DroppedKind, count: number): void;
  /** Sends were refused because the black box was full. */
  refusedSends(host: Host, count: number): void;
  /** The host is too slow, and is left alone because a debugger traces it. */
  spared(host: Host, tracer: number): void;
  /** The host got a signal from another process than the core, and went on. @param from its pid, where that is known */
  signalled(host: Host, signal: NodeJS.Signals, from: number | null): void;
  /** The host owes nothing any more: it was stopped and has answered everything, or may take more calls. */
  relieved(host: Host, nowMs: number): void;
  died(host: Host, end: HostEnd): void;
  /** Processes that the dead host had left outside of its process group were ended; most often there are none. */
  leftBehind(host: Host, ending: Ending): void;
}

/** What else is known of a host at its end, for its crash card. */
export interface DeathScene {
  /** Where the bytes are that it had loaded. */
  files: ModuleFiles;
  sha256: string | null;
  abi: string | null;
  uptimeMs: number;
  recent: RecentCalls;
  crashBody: CrashBody;
  /** When it was looked at last; `null`: it never was. */
  memoryBytes: number | null;
  descriptors: number | null;
}

/** The end of a host and of the calls it held. */
export interface HostEnd extends Death {
  facts: DeathFacts;
  /** Whether it tried an ABI, and its end says something about that. */
  hasTried: boolean;
  /** How long it had been ready. */
  servedMs: number;
  /** When the core learnt of it. */
  diedAt: Date;
  /** Names its crash card; `null`: there is none, because it ended as ordered, or said why it cannot start. */
  cardId: string | null;
  /** Whether its module does not get the call again that it was executing. The module decides that. */
  isQuarantined: boolean;
  /** The call that it was executing, which has its true answer if that is in the black box; `null`: none. */
  call: PendingCall | null;
  /**
   * The stacks of a host that hung, taken before it was killed. It resolves with `null` when nothing could be seen, and never
   * fails. `null`: it did not hang, or its time was too short to look.
   */
  stack: Promise<TakenStack | null> | null;
  /** Calls that get their default now. */
  lost: PendingCall[];
  /** Calls that the module has not seen, in their order. */
  unseen: PendingCall[];
  scene: DeathScene;
}
