/** What modules did in one process, as lines for a person or as JSON. It remembers the message in progress, and nothing else. */

import { escapeControl } from '../../src/escape-control.js';
import { type LoaderEvent, type ToldParams, textOf } from '../../src/in-process/events.js';
import type { Fed, RunEnd } from '../../src/in-process/loader.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Turns events into lines. */
export class RunRenderer {
  readonly #sent: Fed[] = [];
  #begun = 0;
  #given = 0;
  #last: Extract<LoaderEvent, { kind: 'call' }> | null = null;
  #ended = false;

  /** Remembers a message, in order, before it is handed over. */
  note(message: Fed): void {
    this.#sent.push(message);
  }

  /** The lines of one event for a person. */
  render(event: LoaderEvent): string[] {
    switch (event.kind) {
      case 'loaded':
        return [`${event.module}: loaded, ABI ${event.abi}${event.description ? `: ${clean(event.description)}` : ''}`];
      case 'refused':
        return [`${event.module}: cannot be loaded: ${clean(event.why)}`];
      case 'call':
        this.#last = event;
        this.#given = Math.max(this.#given, event.number);
        return this.#head(event.number);
      case 'log':
        return [`  ${whoOf(event)} logs: ${clean(event.text)}`];
      case 'complaint':
        return [`  ${whoOf(event)}: ${clean(event.text)}`];
      case 'send':
        return [`  ${whoOf(event)} sends to ${address(event.params.to)}: ${text(event.payload)}`];
      case 'outcome':
        this.#last = null;
        return [...this.#head(event.number), ...renderOutcome(event, this.#sent[event.number - 1])];
      case 'problem':
        return [`  ${clean(event.text)}`];
      case 'end':
        this.#ended = true;
        return [];
    }
  }

  /**
   * Why the process did not come to its own end; `null` when it did.
   *
   * @param under - the command that it ran under; gdb ends with 1 when there is no stack to show
   */
  failure({ exitCode, signal }: Pick<RunEnd, 'exitCode' | 'signal'>, under: string | null): string | null {
    if (this.#ended && (exitCode === 0 || (under !== null && /^(?:\S*\/)?gdb\s/.test(under)))) return null;
    const how = signal ? `was ended by ${signal}` : exitCode === 0 ? 'ended early' : `ended with exit code ${exitCode}`;
    if (this.#ended || !this.#last) return `the process ${how}`;
    const { module, function: name, number } = this.#last;
    const where = `${clean(name)}${number > 0 ? ` of message ${number}` : ''} of module ${module}`;
    return `the process ${how} in ${where}`;
  }

  /** The messages up to the last one that a module was given; none before the first. */
  given(): readonly Fed[] {
    return this.#sent.slice(0, this.#given);
  }

  #head(number: number): string[] {
    const lines: string[] = [];
    for (; this.#begun < number; this.#begun++) {
      const message = this.#sent[this.#begun];
      const who = message ? ` from ${message.from ?? '-'} to ${message.to ?? '-'}: ${text(message.payload)}` : '';
      lines.push('', clean(`message ${this.#begun + 1}${who}`));
    }
    return lines;
  }
}

/** The name of the module, with the ABI when that is only a trial. */
function whoOf({ module, trial }: { module: string; trial: string | null }): string {
  return trial === null ? module : `${module} (tried as ${trial})`;
}

/** One event as a line of JSON; `null` for events that only tell where a crash was. Texts that are not UTF-8 are in base64. */
export function eventToJson(event: LoaderEvent): string | null {
  if (event.kind === 'call' || event.kind === 'end') return null;
  const { kind, ...fields } = event;
  const shown = 'payload' in fields ? { ...fields, ...textFields(fields.payload), payload: undefined } : fields;
  const params = 'params' in fields && fields.params ? { params: paramsFields(fields.params) } : {};
  const verdict = event.kind === 'outcome' ? { verdict: event.by === null ? 'pass' : 'consumed' } : {};
  return JSON.stringify({ event: kind, ...verdict, ...shown, ...params });
}

function renderOutcome(event: Extract<LoaderEvent, { kind: 'outcome' }>, sent: Fed | undefined): string[] {
  const width = Math.max(0, ...event.trace.map(([module]) => module.length));
  const lines = event.trace.map(([module, result]) => {
    return `  ${module.padEnd(width)}  ${result === 1 ? 'consumed' : result === 0 ? 'pass' : `pass (it returned ${result})`}`;
  });
  const verdict = event.by === null ? 'pass' : `consumed by ${event.by}`;
  lines.push(`  = ${verdict}${event.trace.length === 0 ? ' (no module wanted it)' : ''}`);
  if (!sent || !event.params) return lines;
  if (!event.payload.equals(sent.payload)) lines.push(`  message is now: ${text(event.payload)}`);
  for (const [field, value] of Object.entries(event.params)) {
    if (field === 'to' || field === 'from') {
      const now = value === null ? null : textOf(value);
      if (now !== sent[field]) lines.push(`  ${field} is now: ${now === null ? '-' : clean(now)}`);
    } else if (value !== String(sent.numbers[field] ?? 0n)) {
      lines.push(`  ${field} is now: ${value}`);
    }
  }
  return lines;
}

function paramsFields(params: ToldParams): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(params).map(([field, value]) => {
      return [field, (field === 'to' || field === 'from') && value !== null ? textOf(value) : value];
    }),
  );
}

function textFields(payload: Buffer): { message: string } | { message: null; messageBase64: string } {
  try {
    return { message: UTF8.decode(payload) };
  } catch {
    return { message: null, messageBase64: payload.toString('base64') };
  }
}

function address(hex: string | null | undefined): string {
  return hex == null ? '-' : clean(textOf(hex));
}

function text(payload: Uint8Array): string {
  const fields = textFields(Buffer.from(payload));
  return fields.message === null ? `${payload.length} bytes that are not text` : clean(fields.message);
}

const clean = escapeControl;
