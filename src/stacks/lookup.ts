/** Looks addresses of one file up: by a program for file and line, and by the symbol tables for the rest. */

import type { Binary } from './binary.js';
import { type FoundSymbol, findSymbols } from './elf/symbols.js';
import { hex } from './raw-frame.js';
import { ADDR2LINE, addr2lineArgs, type Place, parseAddr2line } from './tools/addr2line.js';
import { demangle, isMangled } from './tools/demangle.js';
import { findTool } from './tools/find-tool.js';
import { runTool } from './tools/run-tool.js';

/** What is known of an address. */
export interface Found {
  /** Innermost first; more than one where functions were put into others. */
  places: Place[];
  /** The function by the symbol table; its name as people write it. `null`: it is in none. */
  symbol: FoundSymbol | null;
}

/** What came of a look-up. */
export interface LookedUp {
  found: Map<bigint, Found>;
  /** The program that said it; `null`: none did. */
  by: string | null;
  /** Why it is not more; `null`: it is all. */
  remark: string | null;
}

/** With what, and for how long. */
export interface LookupLimits {
  /** Where programs are looked for, as in the variable PATH. */
  path: string | undefined;
  limitMs: number;
}

const NAMES_LIMIT_MS = 5_000;

/** @param addresses - as the file has them */
export async function lookUp(binary: Binary, addresses: readonly bigint[], limits: LookupLimits): Promise<LookedUp> {
  const lines = binary.withLines;
  const asked =
    lines === null
      ? { places: new Map<bigint, Place[]>(), by: null, remark: binary.remark }
      : await ask(lines, addresses, limits);
  // Where file and line are known, the symbol tables have nothing to add.
  const isOpen = (address: bigint) => {
    const outer = asked.places.get(address)?.at(-1);
    return outer === undefined || outer.function === null || outer.source === null;
  };
  const symbols = await readNames(binary, addresses.filter(isOpen), limits);
  const found = new Map(
    addresses.map((address) => {
      return [address, { places: asked.places.get(address) ?? [], symbol: symbols.get(address) ?? null }] as const;
    }),
  );
  return { found, by: asked.by, remark: asked.remark };
}

interface Answer {
  places: Map<bigint, Place[]>;
  by: string | null;
  remark: string | null;
}

/** The second program is asked when the first one fails. */
async function ask(lines: string, addresses: readonly bigint[], { path, limitMs }: LookupLimits): Promise<Answer> {
  const input = inputOf(addresses);
  let problem = 'install binutils or elfutils to see file and line: addr2line is not installed';
  for (const name of ADDR2LINE) {
    const file = await findTool(name, path);
    if (file === null) continue;
    const outcome = await runTool({ file, args: addr2lineArgs(lines), input, limitMs });
    const places = parseAddr2line(outcome.lines);
    if (outcome.problem === null) return { places, by: name, remark: null };
    problem = `${name} could not say file and line: ${outcome.problem}`;
    // What it said until then is true.
    if (places.size > 0) return { places, by: name, remark: problem };
  }
  return { places: new Map(), by: null, remark: problem };
}

async function readNames(
  { elf, debug }: Binary,
  addresses: readonly bigint[],
  { path }: LookupLimits,
): Promise<Map<bigint, FoundSymbol>> {
  if (addresses.length === 0) return new Map();
  const found = await findSymbols(elf, addresses);
  const missing = addresses.filter((address) => !found.has(address));
  if (debug !== null && missing.length > 0) {
    for (const [address, symbol] of await findSymbols(debug, missing)) found.set(address, symbol);
  }
  return demangleAll(elf.path, found, path);
}

/** By `c++filt`, or by elfutils where that alone is installed. */
async function demangleAll(
  file: string,
  found: Map<bigint, FoundSymbol>,
  path: string | undefined,
): Promise<Map<bigint, FoundSymbol>> {
  const names = await demangle(
    [...found.values()].map(({ name }) => name),
    path,
  );
  const left = [...found].filter(([, { name }]) => isMangled(name) && !names.has(name));
  const tool = left.length === 0 ? null : await findTool('eu-addr2line', path);
  if (tool !== null) {
    const run = { file: tool, args: addr2lineArgs(file), input: inputOf(left.map(([address]) => address)) };
    const places = parseAddr2line((await runTool({ ...run, limitMs: NAMES_LIMIT_MS })).lines);
    for (const [address, { name }] of left) {
      const plain = places.get(address)?.at(-1)?.function;
      if (plain !== undefined && plain !== null) names.set(name, plain);
    }
  }
  return new Map([...found].map(([address, one]) => [address, { ...one, name: names.get(one.name) ?? one.name }]));
}

function inputOf(addresses: readonly bigint[]): string {
  return `${addresses.map(hex).join('\n')}\n`;
}
