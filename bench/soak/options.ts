/** The command line of the soak. */

import { parseArgs } from 'node:util';

/** What to run. */
export type Options =
  | { kind: 'soak'; messages: number; kills: number; replicas: number; seed: number; attack: boolean }
  | { kind: 'memory'; messages: number; restarts: number; seed: number }
  | { kind: 'sends'; messages: number; kills: number; cuts: number; seed: number };

/** How to call it. */
export const USAGE = `usage: npm run soak -- [--attack] [--replicas N] [--messages N] [--kills N] [--seed N]
       npm run soak -- --memory [--messages N] [--restarts N] [--seed N]
       npm run soak -- --sends [--messages N] [--kills N] [--cuts N] [--seed N]`;

/**
 * Reads the arguments.
 *
 * @param seed the one to take when none is given
 * @throws {Error} when they cannot be understood
 */
export function readOptions(args: string[], seed: number): Options {
  const { values } = parseArgs({
    args,
    options: {
      attack: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
      sends: { type: 'boolean', default: false },
      messages: { type: 'string' },
      kills: { type: 'string' },
      restarts: { type: 'string' },
      cuts: { type: 'string' },
      replicas: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const number = (
    name: 'messages' | 'kills' | 'restarts' | 'cuts' | 'replicas' | 'seed',
    otherwise: number,
  ): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`found --${name} ${text}, expected a whole number`);
    return Number(text);
  };
  const drawn = number('seed', seed);
  if (values.replicas !== undefined && (values.sends || values.memory)) {
    throw new Error('found --replicas, which goes without --memory and --sends');
  }
  if (values.sends) {
    if (values.attack || values.memory) throw new Error('found --sends, which goes without --attack and --memory');
    if (values.restarts !== undefined) throw new Error('found --restarts, expected --memory with it');
    const messages = number('messages', 100_000);
    return { kind: 'sends', messages, kills: number('kills', 20), cuts: number('cuts', 20), seed: drawn };
  }
  if (values.cuts !== undefined) throw new Error('found --cuts, expected --sends with it');
  if (!values.memory) {
    if (values.restarts !== undefined) throw new Error('found --restarts, expected --memory with it');
    const { attack } = values;
    const messages = number('messages', attack ? 200_000 : 100_000);
    return {
      kind: 'soak',
      messages,
      kills: number('kills', 200),
      replicas: readReplicas(number('replicas', 1)),
      seed: drawn,
      attack,
    };
  }
  if (values.attack) throw new Error('found --attack, which goes without --memory');
  if (values.kills !== undefined) throw new Error('found --kills, which goes without --memory');
  return { kind: 'memory', messages: number('messages', 1_000_000), restarts: number('restarts', 500), seed: drawn };
}

const MOST_REPLICAS = 16;

function readReplicas(count: number): number {
  if (count >= 1 && count <= MOST_REPLICAS) return count;
  throw new Error(`found --replicas ${count}, expected 1 to ${MOST_REPLICAS}`);
}
