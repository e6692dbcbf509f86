/** What both worlds are given: rules for the modules, chains of them, and events. */

import type { SCALARS } from '../../../src/wire/params.js';

/** The parameters that are numbers, without the one that carries the number of the event. */
export type ScalarName = Exclude<(typeof SCALARS)[number], 'refid'>;

/** One message or status. */
export interface Occurrence {
  function: 'message' | 'status';
  /** Which chain it goes through, modulo their number. */
  chain: number;
  scalars: Partial<Record<ScalarName, bigint>>;
  /** The upper half of refid; the lower one is the number of the event. */
  refidUpper: number;
  to: Uint8Array | null;
  from: Uint8Array | null;
  payload: PayloadRecipe;
}

/** A payload, described by its parts: so a long one is quickly drawn, and quickly read in a failure. */
export interface PayloadRecipe {
  length: number;
  kind: 'bytes' | 'text' | 'zeros';
  seed: number;
}

/** One run: everything in it, in order. */
export interface Scenario {
  /** By the place of the module; the lines that test/fixtures/generic.h describes. */
  rules: string[][];
  /** Places of modules in the order in which they are called. */
  chains: number[][];
  events: Occurrence[];
}

/** The ABIs of the modules, which are the same in every scenario; a module's place is its index. */
export const MODULES = (['table', '2019', '2020'] as const).flatMap((abi) =>
  ['a', 'b', 'c', 'd'].map((letter) => ({ name: `generic_${abi}_${letter}`, abi })),
);

/** A message of this type tells a generic module its rules. */
export const RULES_TYPE = 0x73656c7572n;

/** The number of the event, which its rules and its results carry. */
export function refidOf({ refidUpper }: Occurrence, index: number): bigint {
  return (BigInt(refidUpper) << 32n) | BigInt(index + 1);
}

/** The chain that an event goes through. */
export function chainOf({ chains }: Scenario, { chain }: Occurrence): number[] {
  return chains[chain % chains.length] ?? [];
}

/** The modules that a scenario calls. */
export function modulesOf({ chains }: Scenario): number[] {
  return [...new Set(chains.flat())];
}

/** The bytes of a payload. */
export function makePayload({ length, kind, seed }: PayloadRecipe): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0;
  for (let i = 0; i < length && kind !== 'zeros'; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = kind === 'bytes' ? state >>> 24 : 97 + ((state >>> 24) % 26);
  }
  return bytes;
}

/** Everything as text, for a person who looks for a fault. */
export function describeScenario(scenario: Scenario): string {
  const lines = modulesOf(scenario).flatMap((place) => [
    `${MODULES[place]?.name}`,
    ...(scenario.rules[place] ?? []).map((rule) => `    ${rule}`),
  ]);
  scenario.events.forEach((event, i) => {
    const chain = chainOf(scenario, event).map((place) => MODULES[place]?.name);
    const scalars = Object.entries(event.scalars).map(([name, value]) => ` ${name}=${value}`);
    const [to, from] = [event.to, event.from].map((address) =>
      address ? `"${showText(Buffer.from(address).toString('latin1'))}"` : 'NULL',
    );
    const { length, kind, seed } = event.payload;
    lines.push(
      `${event.function} ${i + 1} through ${chain.join(', ')}:`,
      `    refid=${refidOf(event, i)}${scalars.join('')} to=${to} from=${from}, ${length} ${kind} of seed ${seed}`,
    );
  });
  return `\n${lines.join('\n')}\n`;
}

/** Text with a character for each byte: as it is where that can be printed, a backslash and two digits where not. */
export function showText(text: string): string {
  return text.replace(/[^ -[\]-~]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
