/** Hands on what the hosts of killed cores did and those cores could not hand on. */

import type { WireParams } from '../../wire/params.js';
import { findSentProblem } from '../calls/verify.js';
import { toLogText, toSentMessage } from '../news/announcements.js';
import type { LogLine, SendKeeper, SentMessage } from '../types.js';
import {
  findOldBoxes,
  isNobodys,
  isOfModule,
  type ModuleBox,
  type OldContent,
  type OldEntry,
  openOldBox,
  removeOldBox,
} from './old-boxes.js';

/** Where it is looked for, and who is told. */
export interface RecoveryOptions {
  boxDir: string;
  runIds: readonly string[];
  /** @param params its parameters, to be kept */
  message(sent: SentMessage, params: WireParams): void;
  /** Keeps what {@link message} is given: a box is there until it is safe. `null`: it was taken, and is safe. */
  keeper: Pick<SendKeeper, 'isSafe'> | null;
  /** Until when a box stays that cannot be read, in milliseconds since the epoch; `null`: it has waited long enough. */
  unreadUntil(box: ModuleBox): number | null;
  log(line: LogLine): void;
  /** Whether to go on; asked now and then. What is left then stays for the next core. */
  proceed(): boolean;
}

/** What was found and handed on. */
export interface Recovered {
  boxes: number;
  sends: number;
  lines: number;
  /** One readable line for each box that could not be read completely. */
  problems: string[];
  /** Boxes whose messages the keeper was given and has in memory alone. */
  unsafe: ModuleBox[];
  /** Boxes that cannot be read, and stay for a core that can. */
  unread: ModuleBox[];
  /** Whether it came to the end. */
  complete: boolean;
}

/** The largest that `max_message` can be: a killed core may have had a larger one than this. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** At most this many boxes stay of those that are not safe, and of those that cannot be read. */
const MAX_KEPT = 64;

const NO_DESCRIPTOR = new Set(['EMFILE', 'ENFILE']);

/** Entries between two turns of the event loop. */
const TURN_ENTRIES = 256;

/**
 * Hands on the content of the black boxes of these runs and removes the boxes. One at a time, so that memory is needed for one
 * box only.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const recovered: Recovered = {
    boxes: 0,
    sends: 0,
    lines: 0,
    problems: [],
    unsafe: [],
    unread: [],
    complete: true,
  };
  for (const box of findOldBoxes(options.boxDir, options.runIds)) {
    if (!isOfModule(box)) {
      removeOldBox(box.path);
      continue;
    }
    const fate = options.proceed() ? await recoverBox(box, options, recovered) : 'interrupted';
    if (fate === 'interrupted') return { ...recovered, complete: false };
    if (fate === 'done') {
      removeOldBox(box.path);
      recovered.boxes += 1;
    } else {
      keep(box, recovered[fate], recovered.problems);
    }
  }
  return recovered;
}

/** Those that stay are bounded, as each takes memory: the oldest goes. */
function keep(box: ModuleBox, kept: ModuleBox[], problems: string[]): void {
  kept.push(box);
  const oldest = kept.length > MAX_KEPT ? kept.shift() : undefined;
  if (oldest === undefined) return;
  removeOldBox(oldest.path);
  problems.push(
    `the black box ${oldest.path} was removed with the messages in it: ${MAX_KEPT} newer ones wait as well`,
  );
}

/** What becomes of a box. */
type Fate = 'done' | 'interrupted' | 'unsafe' | 'unread';

async function recoverBox(box: ModuleBox, options: RecoveryOptions, recovered: Recovered): Promise<Fate> {
  let content: OldContent;
  try {
    content = openOldBox(box.path);
  } catch (error) {
    return cannotRead(box, error, options, recovered);
  }
  try {
    let skipped = 0;
    for (let i = 0; i < content.entries.length; i++) {
      if (i % TURN_ENTRIES === 0) await new Promise(setImmediate);
      if (!options.proceed()) return await leave(content, options);
      if (!handOn(content.entries[i] as OldEntry, box, content, options, recovered)) skipped += 1;
    }
    // Nothing of a shadow was given to the keeper.
    const isSafe = box.isShadow || ((await options.keeper?.isSafe()) ?? true);
    if (skipped > 0) {
      const why = 'that are over 64 MiB or damaged; they were not handed on';
      recovered.problems.push(`the black box ${box.path} held ${skipped} messages of module ${box.module} ${why}`);
    }
    return isSafe ? 'done' : 'unsafe';
  } finally {
    content.close();
  }
}

function cannotRead(box: ModuleBox, error: unknown, { unreadUntil }: RecoveryOptions, { problems }: Recovered): Fate {
  const what = `the black box ${box.path} cannot be read: ${(error as Error).message}`;
  // Without a descriptor to be had this core cannot read any; the next one may.
  const isShort = NO_DESCRIPTOR.has((error as NodeJS.ErrnoException).code ?? '');
  // What a shadow sent goes nowhere, so no other core need read it.
  const untilMs = isShort || isNobodys(error) || box.isShadow ? null : unreadUntil(box);
  if (isShort || isNobodys(error)) problems.push(what);
  else if (box.isShadow) problems.push(`${what}; it was removed, as its module was a shadow`);
  else if (untilMs === null) problems.push(`${what}; it was removed, as it has waited for a day`);
  else
    problems.push(
      `${what}; it stays until ${new Date(untilMs).toISOString()} for a core that can, or until you remove it`,
    );
  if (isShort) return 'interrupted';
  return untilMs === null ? 'done' : 'unread';
}

/** The next core goes on from here. */
async function leave({ notes }: OldContent, { keeper }: RecoveryOptions): Promise<'interrupted'> {
  if ((await keeper?.isSafe()) ?? true) notes.write();
  return 'interrupted';
}

/** @returns `false` for a message that no module can have sent */
function handOn(
  { sent, log }: OldEntry,
  { runId, module, generation, isShadow }: ModuleBox,
  { notes }: OldContent,
  options: RecoveryOptions,
  recovered: Recovered,
): boolean {
  // It was a shadow in that core. What the module is in this one does not matter.
  if (sent && isShadow) return true;
  if (sent) {
    const impossible = findSentProblem(sent, MAX_MESSAGE_BYTES) !== null;
    if (!impossible) {
      const { message, params } = toSentMessage({ runId, module, generation }, sent);
      options.message(message, params);
      recovered.sends += 1;
    }
    if (options.keeper === null) notes.handedOn();
    else notes.count();
    return !impossible;
  }
  if (log) {
    const text = toLogText(log);
    options.log({ time: Date.now(), module, generation, source: 'module', level: log.level ?? 0, text });
    recovered.lines += 1;
  }
  return true;
}
