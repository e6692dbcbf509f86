/** What happened in one process of the reference loader, and the crash card of its end. */

import {
  CARD_VERSION,
  type CardCall,
  type CardLine,
  type CrashCard,
  MAX_CARD_CALLS,
  MAX_CARD_LINES,
} from '../crashes/card.js';
import { notedIn } from '../crashes/noted.js';
import { signalName } from '../crashes/signals.js';
import { isFault } from '../debug-command.js';
import type { LoaderEvent } from '../in-process/events.js';
import type { Fed, FedCall, RunEnd } from '../in-process/loader.js';
import type { PlannedModule } from '../in-process/plan.js';
import type { StackFrame } from '../stacks/frame.js';
import { rawFramesOf } from '../stacks/raw-frame.js';
import type { Symbolizer } from '../stacks/symbolizer.js';
import { makeCardId } from '../supervisor/host/card-id.js';
import type { CrashNote } from '../wire/crash-note.js';

/** What was going on when the process ended. */
interface Going {
  module: string;
  function: string;
  /** Which message, 1 for the first; 0: none. */
  number: number;
}

/** What the end of a process was, beside what the system says. */
export interface EndFacts {
  pid: number;
  startedMs: number;
  diedMs: number;
  /** It was ended because a call did not return. */
  hung: boolean;
}

/** Watches a run. It keeps the last lines and the last calls. */
export class RunRecord {
  readonly #modules: readonly PlannedModule[];
  readonly #fed: (Fed | FedCall)[] = [];
  readonly #calls: CardCall[] = [];
  readonly #lines: CardLine[] = [];
  #going: Going | null = null;
  #hasEnded = false;

  constructor(modules: readonly PlannedModule[]) {
    this.#modules = modules;
  }

  /** What is executed now; `null`: nothing, or the last call has returned. */
  get going(): Readonly<Going> | null {
    return this.#going;
  }

  /** Whether the process came to its own end. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Remembers a call, in order, before it is handed over. */
  note(fed: Fed | FedCall): void {
    this.#fed.push(fed);
  }

  take(event: LoaderEvent, nowMs: number): void {
    switch (event.kind) {
      case 'call': {
        this.#going = { module: event.module, function: event.function, number: event.number };
        const fed = this.#fed[event.number - 1];
        if (event.number > 0 && fed !== undefined) add(this.#calls, cardCall(event.number, fed), MAX_CARD_CALLS);
        return;
      }
      case 'outcome': {
        this.#going = null;
        const last = this.#calls.at(-1);
        if (last?.seq === event.number) last.verdict = event.by === null ? 'pass' : 'consumed';
        return;
      }
      case 'log':
        add(this.#lines, { time: nowMs, source: 'module', level: event.level, text: event.text }, MAX_CARD_LINES);
        return;
      case 'complaint':
        add(this.#lines, { time: nowMs, source: 'supervisor', level: 1, text: event.text }, MAX_CARD_LINES);
        return;
      case 'end':
        this.#hasEnded = true;
        return;
    }
  }

  /** The card of the end, with symbols. */
  async card(end: RunEnd, { pid, startedMs, diedMs, hung }: EndFacts, symbolizer: Symbolizer): Promise<CrashCard> {
    const note = typeof end.note === 'string' ? null : end.note;
    const signal = signalOf(end, note);
    const name = this.#going?.module ?? this.#modules[0]?.name ?? '';
    const module = this.#modules.find((one) => one.name === name);
    const file = module?.path ?? '';
    const symbolized = await symbolizer.symbolize(note === null ? [] : rawFramesOf(note), {
      files: { path: file, others: [] },
    });
    const diedAt = new Date(diedMs);
    const message = this.#going !== null && this.#going.number > 0 ? (this.#calls.at(-1) ?? null) : null;
    return {
      version: CARD_VERSION,
      id: makeCardId(name, diedAt, 1),
      time: diedAt.toISOString(),
      module: name,
      file,
      sha256: null,
      abi: module?.abis.length === 1 ? (module.abis[0] ?? null) : null,
      generation: 1,
      pid,
      uptimeMs: diedMs - startedMs,
      cause: hung ? 'hang' : signal === null ? 'exit' : 'crash',
      summary: this.#summary(signal, end.exitCode, hung),
      exitCode: signal === null && !hung ? end.exitCode : null,
      ...notedIn(note, file),
      // The signal that looks into a process that hangs says nothing about it.
      ...(hung ? NO_SIGNAL : { signal }),
      phase: this.#going?.function === 'init' ? 'init' : 'serving',
      callback: this.#going?.function ?? null,
      message,
      isQuarantined: false,
      frames: withoutStart(symbolized.frames),
      noFrames: whyNoFrames(end, note),
      symbols: { by: symbolized.by, isPending: false, remark: symbolized.remark },
      log: this.#lines,
      calls: this.#calls,
      memoryBytes: null,
      descriptors: null,
      limit: null,
    };
  }

  #summary(signal: string | null, exitCode: number | null, hung: boolean): string {
    const how = hung ? 'hung' : signal !== null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
    if (this.#going === null) return `the process ${how}`;
    const { module, function: name, number } = this.#going;
    return `the process ${how} in ${name}${number > 0 ? ` of message ${number}` : ''} of module ${module}`;
  }
}

/** Under a debugger the end is that of the debugger, and the note says how the process ended. */
function signalOf({ signal }: RunEnd, note: CrashNote | null): string | null {
  return signal ?? (note?.signal == null ? null : signalName(note.signal));
}

/** Without what calls main(), which is behind the module and of no interest. */
function withoutStart(frames: StackFrame[]): StackFrame[] {
  const last = frames.findLastIndex(({ isOfModule }) => isOfModule);
  const start = frames.findIndex((frame, i) => i > last && frame.function?.startsWith('__libc_start') === true);
  return last < 0 || start < 0 ? frames : frames.slice(0, start);
}

const NO_SIGNAL = { signal: null, signalCode: null, sender: null, address: null };

function whyNoFrames({ note, signal, exitCode }: RunEnd, read: CrashNote | null): string | null {
  if (read !== null) return read.isComplete ? null : 'the handler of the signal faulted itself';
  if (signal === 'SIGKILL') return 'SIGKILL ended it, which no handler can see';
  if (note === 'none') return 'nothing could note the stack of this process';
  if (signal === null) return `it ended with _exit(${exitCode}), which no handler can see`;
  if (!isFault(signal)) return `${signal} has no handler that notes the stack`;
  return `the module had replaced the handler of ${signal}, or a debugger took the signal`;
}

/** What a message has that is fed here, as a card has it. */
function cardCall(seq: number, fed: Fed | FedCall): CardCall {
  const { numbers, from, to, payload } = fed;
  return {
    seq,
    kind: 'kind' in fed ? fed.kind : 'message',
    id: `${numbers.id ?? 0n}`,
    from: textOf(from),
    to: textOf(to),
    type: `${numbers.type ?? 0n}`,
    bytes: payload.length,
    verdict: null,
    isKept: false,
  };
}

function textOf(address: string | Uint8Array | null): string | null {
  return address === null ? null : Buffer.from(address).toString();
}

function add<T>(list: T[], one: T, most: number): void {
  list.push(one);
  if (list.length > most) list.shift();
}
