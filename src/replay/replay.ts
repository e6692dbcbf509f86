/** Makes the calls of a crash card again, in the reference loader. */

import type { AbiName } from '../config/types.js';
import { blamedFrame, type CrashCard } from '../crashes/card.js';
import { isSamePlace } from '../crashes/group-cards.js';
import { type FedCall, runInProcess } from '../in-process/loader.js';
import { planFiles } from '../in-process/plan.js';
import { readChildren } from '../proc.js';
import { Symbolizer } from '../stacks/symbolizer.js';
import { readGdbFrames } from './gdb-frames.js';
import { HELPERS, type Helper } from './helpers.js';
import { RunRecord } from './run-record.js';

/** What is loaded, and how. */
export interface ReplayOptions {
  /** The file to load. */
  path: string;
  /** The module's own settings. */
  settings: [key: string, value: string][];
  abi: AbiName | null;
  maxMessageBytes: number;
  calls: readonly FedCall[];
  helper: Helper | null;
  /** Gets what the module and a debugger print, which may have control characters. */
  onOutput: (text: string, stream: 'stdout' | 'stderr') => void;
}

/** What became of it. */
export interface Replayed {
  /** `same`: it died again at the same place; `elsewhere`: it died, but at another, or otherwise. */
  result: 'same' | 'elsewhere' | 'survived';
  /** Its death; `null`: it lived. */
  card: CrashCard | null;
}

/** A call that takes longer hangs; a multiple of it under a tool that makes everything slow. */
const HANG_MS = 5000;
/** What a signal makes of a process that hangs is waited for so long. */
const LAST_WORDS_MS = 10_000;
/** Threads of a module may need a moment after the last call until they die. */
const LINGER_MS = 1000;

/** Of what a debugger prints; each is at most as large as a pipe. */
const MAX_PIECES = 64;

/** Runs the module with the calls. */
export async function replay(card: CrashCard, options: ReplayOptions): Promise<Replayed> {
  const { path, settings, abi, calls, helper, maxMessageBytes, onOutput } = options;
  const modules = planFiles([path], settings, abi, card.module);
  const record = new RunRecord(modules);
  const startedMs = Date.now();
  const printed: string[] = [];
  const watch = new HangWatch(HANG_MS * (helper === null ? 1 : HELPERS[helper].slowness), helper);
  const end = await runInProcess({
    modules,
    maxMessageBytes,
    messages: feed(calls, record, lingersFor(card) ? LINGER_MS : 0),
    under: helper === null ? null : HELPERS[helper].commandFor(card),
    quietStdout: false,
    interactive: false,
    notesEnd: true,
    waitMs: LINGER_MS,
    onOutput: (text, stream) => {
      onOutput(text, stream);
      if (stream === 'stdout') keepSome(printed, text);
    },
    onStart: (pid) => watch.begin(pid),
    onEvent: (event) => {
      record.take(event, Date.now());
      watch.look(record.going !== null);
    },
  });
  watch.end();
  if (record.hasEnded && !watch.hung && end.signal === null) return { result: 'survived', card: null };
  const facts = { pid: watch.pid, startedMs, diedMs: Date.now(), hung: watch.hung };
  let died = await record.card(end, facts, new Symbolizer());
  if (died.frames.length === 0 && helper === 'gdb') died = withGdbFrames(died, card, printed.join(''));
  return { result: isSameDeath(card, died) ? 'same' : 'elsewhere', card: died };
}

/** gdb has ended a process that hung, so that it could note nothing; what gdb printed says where it was. */
function withGdbFrames(died: CrashCard, before: CrashCard, output: string): CrashCard {
  const functions = before.frames.filter(({ isOfModule }) => isOfModule).map((frame) => frame.function ?? '');
  const frames = readGdbFrames(output, new Set(functions));
  if (frames.length === 0) return died;
  return { ...died, frames, noFrames: null, symbols: { by: 'gdb', isPending: false, remark: null } };
}

/** Whether two deaths have one cause and one place. Pure. */
export function isSameDeath(before: CrashCard, now: CrashCard): boolean {
  if (before.cause === 'hang' || now.cause === 'hang') {
    if (before.cause !== now.cause) return false;
  } else if (before.signal !== now.signal) {
    return false;
  } else if (before.signal === null && before.exitCode !== now.exitCode) {
    return false;
  }
  const [one, other] = [blamedFrame(before.frames), blamedFrame(now.frames)];
  if (one === null || other === null) return before.callback === now.callback;
  // A loop is looked at anywhere in it.
  if (before.cause === 'hang' && one.function !== null) return one.function === other.function;
  return isSamePlace(one, other);
}

function keepSome(printed: string[], text: string): void {
  if (printed.length < MAX_PIECES) printed.push(text);
}

/** Where no call was executed, or another thread died, the death may come after the last call. */
function lingersFor({ thread, callback, cause }: CrashCard): boolean {
  return cause !== 'hang' && (thread?.isMain === false || callback === null);
}

async function* feed(calls: readonly FedCall[], record: RunRecord, lingerMs: number): AsyncGenerator<FedCall> {
  for (const call of calls) {
    record.note(call);
    yield call;
  }
  if (lingerMs > 0) await new Promise((resolve) => setTimeout(resolve, lingerMs));
}

/** Ends a process in which a call does not return: by a signal whose handler notes the stack. */
class HangWatch {
  readonly #limitMs: number;
  readonly #helper: Helper | null;
  #timer: NodeJS.Timeout | null = null;
  pid = 0;
  hung = false;

  constructor(limitMs: number, helper: Helper | null) {
    this.#limitMs = limitMs;
    this.#helper = helper;
  }

  begin(pid: number): void {
    this.pid = pid;
    // A constructor of the file may hang before anything is told.
    this.look(true);
  }

  /** @param isBusy whether a call is executed */
  look(isBusy: boolean): void {
    if (this.hung) return;
    this.end();
    if (isBusy) this.#timer = setTimeout(() => this.#strike(), this.#limitMs);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #strike(): void {
    this.hung = true;
    // A debugger prints the stack when its program is interrupted.
    if (this.#helper === 'gdb') for (const child of readChildren(this.pid)) signal(child, 'SIGINT');
    else signal(this.pid, 'SIGABRT');
    this.#timer = setTimeout(() => signal(this.pid, 'SIGKILL'), LAST_WORDS_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
