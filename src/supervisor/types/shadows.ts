/** What is known of a shadow: a module that sees the events of another one, and whose answers are compared and not applied. */

import type { Verdict } from './decisions.js';

/** What may differ between the answers of both. */
export type Difference = 'verdict' | 'params' | 'payload';

/**
 * What was counted of a shadow. Each message that its primary was offered is in one of these, unless it is in progress.
 */
export type ShadowTotals = {
  /** Both gave a verdict of their own, and left the same message. */
  agreed: number;
  /** Other verdicts. */
  otherVerdict: number;
  /** The same verdict, and other changes of the message. */
  otherChanges: number;
  /** The shadow was offered it and gave no verdict of its own. */
  defaulted: { crash: number; hang: number; deadline: number; quarantine: number };
  /** The shadow was not offered it: its queue was full, or it was down. */
  skipped: { overload: number; down: number };
  /** The shadow gave a verdict, and the primary gave none of its own. */
  primaryDefaulted: number;
  /** Statuses, logins and calls that the shadow was offered too. They are not compared. */
  others: number;
  /** Messages that it sent. They went nowhere. */
  sends: number;
  /** Http requests that were refused. */
  refusedHttp: number;
};

/** A text that may be long: its beginning. */
export interface CutText {
  /** Bytes that are not UTF-8 are `null`. */
  text: string | null;
  /** Of the whole. */
  bytes: number;
}

/** What one of both made of a message. */
export interface ShadowSide {
  verdict: Verdict;
  /** Fields of `params` that are other than on the other side, as text. */
  params: Record<string, string>;
  /** The payload that it left, where it changed that; `null`: it did not, or bodies are not kept. */
  payload: CutText | null;
}

/** One message on which both did not agree. */
export interface ShadowExample {
  /** ISO 8601: when the second answer came. */
  at: string;
  id: string;
  from: string | null;
  to: string | null;
  groupid: string;
  type: string;
  differs: Difference[];
  primary: ShadowSide;
  shadow: ShadowSide;
  /** `null`: bodies are not kept. */
  payload: CutText | null;
}

/** One message that a shadow sent. */
export interface ShadowSend {
  /** ISO 8601. */
  at: string;
  from: string | null;
  to: string | null;
  /** `null`: bodies are not kept. */
  payload: CutText | null;
}

/** How long messages took, in microseconds; `null`: none was counted. */
export interface ShadowLatency {
  p50: number | null;
  p99: number | null;
}

/** Everything `shadow --json` says. */
export interface ShadowReport {
  /** The shadow. */
  name: string;
  shadowOf: string;
  /** ISO 8601: counted from then on. */
  since: string;
  totals: ShadowTotals;
  /** Messages that both gave a verdict of their own on. */
  compared: number;
  /** Messages that the primary sent meanwhile. */
  primarySends: number;
  latencyMicros: { primary: ShadowLatency; shadow: ShadowLatency };
  /** The last ones, oldest first. */
  examples: ShadowExample[];
  /** The last ones, oldest first. */
  sends: ShadowSend[];
  /** Whether examples have bodies. */
  keepsBodies: boolean;
}

/** A setting that the configuration has to have, so that it agrees with what runs. */
export interface SettingToChange {
  /** Its key in the block of the module, such as `path` or `limits.memory`; `env` and `config` stand for the whole section. */
  key: string;
  /** As the file has it; `null`: as the block of the former shadow has it. */
  value: string | null;
}

/** What `promote --json` says. */
export interface PromotionReport {
  /** The module of the chain. It runs what the shadow ran. */
  module: string;
  /** The shadow. It runs what the module ran. */
  shadow: string;
  /** What the block of `module` has to say from now on. */
  toChange: SettingToChange[];
  warnings: string[];
}
