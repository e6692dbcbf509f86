/** The events of the loader, a line of JSON each, as values. */

import { warnOfMissing } from '../missing-symbol.js';

/** Parameters as the loader tells them: numbers are decimal strings, addresses hexadecimal. */
export interface ToldParams {
  [field: string]: string | null;
}

/** One thing that happened in the process; `trial`: the ABI that was only tried then, `null`: none. */
export type LoaderEvent =
  | { kind: 'loaded'; module: string; abi: string; description: string | null }
  | { kind: 'refused'; module: string; why: string }
  /** About to be called; `number`: which message, 1 for the first; 0 where it is none. */
  | { kind: 'call'; module: string; trial: string | null; function: string; number: number }
  | { kind: 'log'; module: string; trial: string | null; level: number; text: string }
  | { kind: 'complaint'; module: string; trial: string | null; text: string }
  | { kind: 'send'; module: string; trial: string | null; params: ToldParams; payload: Buffer }
  | {
      kind: 'outcome';
      /** Who consumed it; `null`: nobody. */
      by: string | null;
      number: number;
      trace: [module: string, result: number][];
      params: ToldParams | null;
      payload: Buffer;
    }
  | { kind: 'problem'; text: string; number: number }
  | { kind: 'end' };

/** Reads one line; `null` for one that makes no sense, as after a module wrote to a descriptor that is not its own. */
export function parseEvent(line: string): LoaderEvent | null {
  try {
    return toEvent(JSON.parse(line));
  } catch {
    return null;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the loader is ours, and each kind has its own fields.
function toEvent(told: any): LoaderEvent | null {
  const { module, number } = told;
  const trial = told.trial ?? null;
  switch (told.event) {
    case 'loaded':
      return { kind: 'loaded', module, abi: told.abi, description: told.description && textOf(told.description) };
    case 'refused':
      return { kind: 'refused', module, why: textOf(told.why) };
    case 'call':
      return { kind: 'call', module, trial, function: textOf(told.function), number };
    case 'log':
      return { kind: 'log', module, trial, level: told.level, text: textOf(told.text).replace(/\r?\n$/, '') };
    case 'complaint':
      return { kind: 'complaint', module, trial, text: textOf(told.text) };
    case 'missing': {
      const text = warnOfMissing(textOf(told.path), textOf(told.symbols).split('\n')).join('; ');
      return { kind: 'complaint', module, trial, text };
    }
    case 'send':
      return { kind: 'send', module, trial, params: told.params, payload: Buffer.from(told.payload, 'hex') };
    case 'outcome': {
      const payload = Buffer.from(told.payload ?? '', 'hex');
      return { kind: 'outcome', by: module, number, trace: told.trace, params: told.params ?? null, payload };
    }
    case 'problem':
      return { kind: 'problem', text: textOf(told.text), number };
    case 'end':
      return { kind: 'end' };
    default:
      return null;
  }
}

/** Hexadecimal bytes as text. */
export function textOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}
