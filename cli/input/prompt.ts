/** A conversation of two through a module: a line typed is a message of one of them to the other. */

import { createInterface, type Interface } from 'node:readline';

const HELP = [
  'A line is a message to the other one.',
  '  /as NAME   types as NAME from now on',
  '  /help      this',
  '  /quit      ends, as Ctrl-D does',
  'A line that begins with // is a message that begins with /.',
];

/** What a line means. */
export type Typed =
  | { kind: 'message'; text: string }
  | { kind: 'as'; name: string }
  | { kind: 'help' }
  | { kind: 'quit' }
  | { kind: 'nothing' }
  | { kind: 'mistake'; text: string };

/** Reads one line: pure. */
export function readTyped(line: string): Typed {
  if (line.trim() === '') return { kind: 'nothing' };
  if (!line.startsWith('/')) return { kind: 'message', text: line };
  if (line.startsWith('//')) return { kind: 'message', text: line.slice(1) };
  const [word = '', ...rest] = line.trim().split(/\s+/);
  const [name] = rest;
  if (word === '/as' && name !== undefined && rest.length === 1) return { kind: 'as', name };
  if (word === '/as') return { kind: 'mistake', text: 'expected one name: /as NAME' };
  if (word === '/help') return { kind: 'help' };
  if (word === '/quit' || word === '/exit') return { kind: 'quit' };
  return { kind: 'mistake', text: `${word} is not known; /help shows what is` };
}

/** The two who talk. */
export interface Speakers {
  from: string;
  to: string;
}

/** A prompt on the terminal. */
export class Prompt {
  readonly #terminal: Interface;
  #speakers: Speakers;

  constructor(speakers: Speakers) {
    this.#speakers = speakers;
    this.#terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: true });
  }

  /** Shows lines above what is being typed. */
  show(lines: readonly string[]): void {
    process.stdout.write('\r\x1b[J');
    for (const line of lines) process.stdout.write(`${line}\n`);
    this.#terminal.prompt(true);
  }

  /** Hands messages on until the end of the input, /quit, Ctrl-C or the signal. */
  async run(give: (speakers: Speakers, text: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    const terminal = this.#terminal;
    const { from, to } = this.#speakers;
    this.show([`A line is a message from ${from} to ${to}; /help shows more, Ctrl-D ends.`]);
    this.#ask();
    const close = () => terminal.close();
    signal.addEventListener('abort', close, { once: true });
    terminal.on('SIGINT', close);
    terminal.on('line', (line) => {
      const typed = readTyped(line);
      if (typed.kind === 'quit') return close();
      if (typed.kind === 'as') this.#becomes(typed.name);
      if (typed.kind === 'help') this.show(HELP);
      if (typed.kind === 'mistake') this.show([typed.text]);
      if (typed.kind !== 'message') return this.#ask();
      give(this.#speakers, typed.text)
        .catch((error: Error) => this.show([error.message]))
        .finally(() => terminal.prompt(true));
    });
    await new Promise<void>((done) => terminal.once('close', done));
    signal.removeEventListener('abort', close);
    process.stdout.write('\n');
  }

  #ask(): void {
    this.#terminal.setPrompt(`${this.#speakers.from}> `);
    this.#terminal.prompt();
  }

  #becomes(name: string): void {
    const { from, to } = this.#speakers;
    this.#speakers = { from: name, to: name === from ? to : from };
  }
}
