/** Frames of a core with no field set: what absence means, in both encodings. */

import type { OutcomeFrame, SendFrame, TracedVerdict, Welcome } from './frames.js';

const NOTHING = Buffer.alloc(0);
const NO_TRACE: readonly TracedVerdict[] = [];

/** An event that passed, and that no module changed. */
export function emptyOutcome(id: bigint): OutcomeFrame {
  return {
    kind: 'outcome',
    id,
    verdict: 'pass',
    by: null,
    defaultReason: null,
    defaultBy: null,
    params: null,
    payload: null,
    trace: NO_TRACE,
    failure: null,
  };
}

/** A module that let an event pass by itself. */
export function emptyTraced(): TracedVerdict {
  return { module: '', verdict: 'pass', defaultReason: null, micros: 0 };
}

export function emptySend(): SendFrame {
  return { kind: 'send', sentId: '', module: '', params: {}, payload: NOTHING, cause: null };
}

export function emptyWelcome(): Welcome {
  return {
    kind: 'welcome',
    version: 0,
    coreVersion: '',
    maxMessage: 0,
    window: 0,
    callbacks: [],
    chainDeadlineMs: 0,
  };
}
