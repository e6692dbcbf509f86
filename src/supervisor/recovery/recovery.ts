/** Hands on what the hosts of killed cores did and those cores could not tell any more. */

import type { WireParams } from '../../wire/params.js';
import { findSentProblem } from '../calls/verify.js';
import { toLogText, toSentMessage } from '../news/announcements.js';
import type { LogLine, SendKeeper, SentMessage } from '../types.js';
import {
  findOldBoxes,
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
  /** A larger message is not handed on. */
  maxMessageBytes: number;
  /** @param params its parameters, to be kept */
  message(sent: SentMessage, params: WireParams): void;
  /** Keeps what {@link message} is given: a box is there until it is safe. `null`: it was taken, and is safe. */
  keeper: Pick<SendKeeper, 'settled'> | null;
  log(line: LogLine): void;
  /** Whether to go on; asked now and then. What is left then stays for the next core. */
  proceed(): boolean;
}

/** What was found and handed on. */
export interface Recovered {
  boxes: number;
  sends: number;
  lines: number;
  /** One readable line for each box that could not be read, or not as a whole. */
  problems: string[];
  /** Whether nothing is left. */
  complete: boolean;
}

const NO_DESCRIPTOR = new Set(['EMFILE', 'ENFILE']);

/** Entries between two turns of the event loop. */
const TURN_ENTRIES = 256;

/**
 * Hands on what stands in the black boxes of these runs, and removes them. One at a time, so that no more is ever held
 * than one box has room for.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const recovered: Recovered = { boxes: 0, sends: 0, lines: 0, problems: [], complete: true };
  for (const box of findOldBoxes(options.boxDir, options.runIds)) {
    if (!isOfModule(box)) {
      removeOldBox(box.path);
      continue;
    }
    if (!options.proceed() || !(await recoverBox(box, options, recovered))) return { ...recovered, complete: false };
    removeOldBox(box.path);
    recovered.boxes += 1;
  }
  return recovered;
}

/** @returns whether it was handed on to its end. */
async function recoverBox(box: ModuleBox, options: RecoveryOptions, recovered: Recovered): Promise<boolean> {
  let content: OldContent;
  try {
    content = openOldBox(box.path);
  } catch (error) {
    recovered.problems.push(`the black box ${box.path} cannot be read: ${(error as Error).message}`);
    // Without a descriptor to be had this core cannot read it; the next one may.
    return !NO_DESCRIPTOR.has((error as NodeJS.ErrnoException).code ?? '');
  }
  try {
    let skipped = 0;
    for (let i = 0; i < content.entries.length; i++) {
      if (i % TURN_ENTRIES === 0) await new Promise(setImmediate);
      if (!options.proceed()) return await leave(content, options);
      if (!handOn(content.entries[i] as OldEntry, box, content, options, recovered)) skipped += 1;
    }
    await options.keeper?.settled();
    if (skipped > 0) {
      const why = 'which are over max_message or damaged, and were not handed on';
      recovered.problems.push(`the black box ${box.path} held ${skipped} messages of module ${box.module} ${why}`);
    }
    return true;
  } finally {
    content.close();
  }
}

/** The next core goes on from here. */
async function leave({ notes }: OldContent, { keeper }: RecoveryOptions): Promise<false> {
  await keeper?.settled();
  notes.write();
  return false;
}

/** @returns `false` for a message that no module can have sent */
function handOn(
  { sent, log }: OldEntry,
  { runId, module, generation }: ModuleBox,
  { notes }: OldContent,
  options: RecoveryOptions,
  recovered: Recovered,
): boolean {
  if (sent) {
    const impossible = findSentProblem(sent, options.maxMessageBytes) !== null;
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
