/** The results of one event, in a form that can be compared between two worlds: text, with a character for each byte. */

import { SCALARS } from '../../../src/wire/params.js';
import { type Scenario, showText } from './scenario.js';

/** A value for each parameter: numbers in decimal, addresses as they are. */
export interface PlainParams {
  scalars: string[];
  to: Uint8Array | null;
  from: Uint8Array | null;
}

/** What modules did on the way to the outcome, by the number of the event. */
export class Deeds {
  readonly #byEvent = new Map<number, string[]>();

  logged(module: string, level: number, text: Uint8Array): void {
    // Each loader describes a refused call in its own words.
    const line = raw(text);
    if (line.startsWith('send_message refused')) return;
    const number = Number(/^#(\d+) /.exec(line)?.[1] ?? 0);
    this.#note(number, `${module} logs at ${level}: ${line}`);
  }

  sent(module: string, params: PlainParams, payload: Uint8Array): void {
    const refid = BigInt(params.scalars[SCALARS.indexOf('refid')] ?? 0);
    this.#note(Number(refid & 0xffff_ffffn), `${module} sends ${showParams(params)} ${raw(payload)}`);
  }

  of(index: number): string[] {
    return this.#byEvent.get(index + 1) ?? [];
  }

  /** What belongs to no event: there should be nothing. */
  get strays(): string[] {
    return this.#byEvent.get(0) ?? [];
  }

  #note(number: number, deed: string): void {
    const deeds = this.#byEvent.get(number);
    if (deeds) deeds.push(deed);
    else this.#byEvent.set(number, [deed]);
  }
}

/** The end of an event's way. */
export interface End {
  /** The module that consumed it; `null`: it passed. */
  by: string | null;
  /** The modules that were called, and what became of it there. */
  trace: string[];
  params: PlainParams;
  payload: Uint8Array | null;
}

/** All that came of an event, a line each. */
export function transcribe({ by, trace, params, payload }: End, deeds: string[]): string[] {
  const outcome = by === null ? 'passed' : `consumed by ${by}`;
  return [...deeds, trace.join(', '), `${outcome}: ${showParams(params)} ${payload ? raw(payload) : 'no payload'}`];
}

/** The first event with different results; `null`: the worlds are equal. */
export function findDifference(reference: string[][], hosts: string[][], scenario: Scenario): string | null {
  for (let i = 0; i < scenario.events.length; i++) {
    const [one, other] = [reference[i] ?? [], hosts[i] ?? []];
    const at = Array.from({ length: Math.max(one.length, other.length) }, (_, k) => k).find((k) => one[k] !== other[k]);
    if (at === undefined) continue;
    const show = (lines: string[]) => showText(lines[at] ?? '(nothing more)');
    return `event ${i + 1} went otherwise:\n  in one process:  ${show(one)}\n  in hosts:        ${show(other)}`;
  }
  return null;
}

function showParams({ scalars, to, from }: PlainParams): string {
  const numbers = SCALARS.map((name, i) => `${name}=${scalars[i]}`);
  const [shownTo, shownFrom] = [to, from].map((address) => (address ? `"${raw(address)}"` : 'NULL'));
  return `[${numbers.join(' ')} to=${shownTo} from=${shownFrom}]`;
}

function raw(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
