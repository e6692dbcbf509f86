/** The command line of the bench. */

import { parseArgs } from 'node:util';

export interface Options {
  /** Which rows run. */
  pattern: RegExp;
  rounds: number;
  /** Only what the table of targets needs, once and briefly. */
  quick: boolean;
  /** Files to write; `null` for none. */
  json: string | null;
  svg: string | null;
  /** A folder for CPU profiles of our rows; `null` for none. */
  profile: string | null;
}

/** How to call it. */
export const USAGE = `usage: npm run bench -- [PATTERN] [--quick] [--rounds N] [--json FILE] [--svg FILE] [--profile DIR]`;

const ROUNDS = 7;

/** @throws {Error} when the arguments cannot be understood */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const [pattern = '', ...more] = positionals;
  if (more.length > 0) throw new Error(`found ${more.length + 1} patterns, expected one`);
  return {
    pattern: readPattern(pattern),
    rounds: readRounds(values.rounds, values.quick || values.profile !== undefined ? 1 : ROUNDS),
    quick: values.quick,
    json: values.json ?? null,
    svg: values.svg ?? null,
    profile: values.profile ?? null,
  };
}

function readPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new Error(`found the pattern ${text}, expected a regular expression`);
  }
}

function readRounds(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new Error(`found --rounds ${text}, expected a whole number above 0`);
  return Number(text);
}
