/** What a supervisor knows of one death, for those who keep crash cards. */

import type { CrashBody } from '../../config/types.js';
import type { ModuleFiles } from '../../stacks/module-files.js';
import type { TakenStack } from '../../stacks/take-stack.js';
import type { Phase } from '../../wire/black-box.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { CrashNote } from '../../wire/crash-note.js';
import type { ExecutedKind } from '../../wire/event-kinds.js';
import type { DeathCause, LogLine } from './announcements.js';
import type { Verdict } from './decisions.js';

/** A call that the module was given. */
export interface DeathCall {
  /** Its number with the host. */
  seq: number;
  /** What the module answered; `null`: nothing. */
  verdict: Verdict | null;
  payloadBytes: number;
  /** It has its payload only where {@link isWhole}. */
  event: CallEvent;
  isWhole: boolean;
}

/** One death of a host that nobody had ordered. */
export interface DeathEvidence {
  /** Names the crash card. */
  cardId: string;
  diedAt: Date;
  module: string;
  /** The file that it had loaded, or was to load. */
  file: string;
  /** Where the bytes of that file are. */
  files: ModuleFiles;
  sha256: string | null;
  abi: string | null;
  generation: number;
  pid: number;
  uptimeMs: number;
  cause: DeathCause;
  /** The line that the log has of it. */
  summary: string;
  signal: string | null;
  exitCode: number | null;
  /** Whether it had called `exit()`. */
  hasCalledExit: boolean;
  /** Whether the core had killed it. */
  wasKilledByCore: boolean;
  /** How far it had come, and whether it had become ready. */
  phase: Phase;
  served: boolean;
  note: CrashNote | 'none' | 'ready';
  /** What it was executing; `null`: nothing. */
  executing: { kind: ExecutedKind; cause: { kind: ExecutedKind; messageId: bigint } | null } | null;
  /** The call that it was executing; `null`: none. */
  call: DeathCall | null;
  /** The calls that it has answered last, oldest first. */
  calls: readonly DeathCall[];
  crashBody: CrashBody;
  /** Its last lines, oldest first. */
  lines: readonly LogLine[];
  /** The stacks of a host that hung, from outside; `null`: it did not hang, or there was no time to look. */
  stack: Promise<TakenStack | null> | null;
  /** The limit of its module that ended it, as the configuration has it; `null`: none. */
  limit: string | null;
  /** When the process was looked at last; `null`: it never was. */
  memoryBytes: number | null;
  descriptors: number | null;
  /** Whether the message is withheld from the module from now on. */
  isQuarantined: boolean;
}

/** Who keeps crash cards. */
export interface CrashKeeper {
  /** A host has died. It must neither throw nor take long: the next host is about to be started. */
  died(evidence: DeathEvidence): void;
}
