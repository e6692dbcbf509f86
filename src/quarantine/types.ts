/** What others see of the quarantine. */

/** How a module's messages are withheld from it. */
export interface QuarantineSettings {
  /** Crashes by one message before it is withheld; `null`: none ever is. */
  quarantine: number | null;
  /** How long it is withheld after the last of them. */
  quarantineTtlMs: number;
}

/** What is asked about the quarantine, or ordered. The answer is the messages that it was about. */
export type QuarantineRequest =
  /** `module` `null`: those of all modules. */
  | { kind: 'list'; module: string | null }
  /** `id`: or the beginning of an id that no other message has. */
  | { kind: 'show'; id: string }
  | { kind: 'release'; id: string }
  | { kind: 'release-all'; module: string | null };

/**
 * What becomes of a message that killed a module. `withheld`: this build does not get it. `counted`: it has not killed the
 * module often enough. `lifted`: the module runs another build, which gets it.
 */
export type QuarantineState = 'withheld' | 'counted' | 'lifted';

/** One message, as `quarantine list --json` has it. Texts are as the message had them: a terminal must not get them unescaped. */
export interface QuarantinedMessage {
  /** Names it. */
  id: string;
  module: string;
  state: QuarantineState;
  /** The file that it killed: its SHA-256. */
  build: string;
  /** The id of the message; `0`: it has none. */
  messageId: string;
  /** `null`: none. Long addresses are cut. */
  from: string | null;
  to: string | null;
  type: string;
  /** Of its payload, in bytes. */
  bytes: number;
  /** SHA-256 of sender, receiver, type and payload. */
  hash: string;
  /** How often it killed that build. */
  crashes: number;
  /** How often it was withheld. */
  withheld: number;
  /** ISO 8601. */
  firstAt: string;
  lastAt: string;
  /** When it is no longer withheld. */
  until: string;
  /** What ended the process; `null`: it called `exit()`. */
  signal: string | null;
  exitCode: number | null;
  /** The crash card of the last time; `null`: there is none. */
  cardId: string | null;
}
