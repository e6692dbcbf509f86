/** A view that is drawn again and again, until the person who looks at it has seen enough. */

import { ControlClient } from '../../src/control/client/client.js';
import { counted } from '../../src/counted.js';
import { ControlError } from '../../src/errors.js';
import { type Sentence, sentence } from '../../src/sentence.js';
import type { CoreStatus } from '../../src/supervisor/types.js';
import { INTERRUPTS } from './interrupts.js';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const TO_LINE_END = '\x1b[K';
const TO_SCREEN_END = '\x1b[J';
/** q, Ctrl-C and Ctrl-D. */
const QUIT = 'qQ\x03\x04';

/** What is drawn. */
export interface WatchOptions {
  runDir: string;
  everyMs: number;
  /** `null`: the core cannot be asked, for `reason`. */
  render: (status: CoreStatus | null, reason: Sentence) => string;
}

/** Asks the same core, or the one that comes after it, as often as wanted. */
class Source {
  readonly #runDir: string;
  #client: ControlClient | null = null;

  constructor(runDir: string) {
    this.#runDir = runDir;
  }

  async ask(): Promise<{ status: CoreStatus | null; reason: Sentence }> {
    try {
      this.#client ??= await ControlClient.connect(this.#runDir);
      return { status: await this.#client.status(), reason: sentence`` };
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.close();
      return { status: null, reason: error.sentence };
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }
}

/** Draws on a terminal's other screen until q, Ctrl-C or a signal; elsewhere prints block after block. */
export async function watch({ runDir, everyMs, render }: WatchOptions): Promise<void> {
  const isTerminal = process.stdout.isTTY === true;
  const source = new Source(runDir);
  const end = new AbortController();
  const wake = waker(end.signal);
  const leave = isTerminal ? takeTerminal(() => end.abort(), wake.now) : () => undefined;
  for (const signal of INTERRUPTS) process.once(signal, () => end.abort());
  end.signal.addEventListener('abort', wake.now);
  const ended = new Promise<null>((resolve) => end.signal.addEventListener('abort', () => resolve(null)));
  try {
    while (!end.signal.aborted) {
      // The user can leave although the core hangs.
      const told = await Promise.race([source.ask(), ended]);
      if (told === null) break;
      const { status, reason } = told;
      const text = render(status, reason);
      process.stdout.write(isTerminal ? frameOf(text, process.stdout.rows ?? 24) : `${text}\n`);
      await wake.after(everyMs);
    }
  } finally {
    leave();
    source.close();
  }
}

/** The text that overwrites the last screen without a flicker: as many lines as there is room for. */
function frameOf(text: string, rows: number): string {
  const lines = text.split('\n');
  const shown =
    lines.length > rows ? [...lines.slice(0, rows - 1), `... ${counted(lines.length - rows + 1, 'line')} more`] : lines;
  return HOME + shown.map((line) => line + TO_LINE_END).join('\n') + TO_SCREEN_END;
}

function takeTerminal(onQuit: () => void, onResize: () => void): () => void {
  const { stdin, stdout } = process;
  stdout.write(ENTER);
  const leave = () => {
    stdout.write(LEAVE);
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // Whatever ends the process, the terminal is given back.
  process.once('exit', leave);
  stdout.on('resize', onResize);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', (keys) => [...String(keys)].some((key) => QUIT.includes(key)) && onQuit());
  }
  return () => {
    process.off('exit', leave);
    stdin.pause();
    leave();
  };
}

/** A wait that ends at once when it is told to. */
function waker(signal: AbortSignal): { after: (ms: number) => Promise<void>; now: () => void } {
  let wake: () => void = () => undefined;
  return {
    after: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, signal.aborted ? 0 : ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    now: () => wake(),
  };
}
