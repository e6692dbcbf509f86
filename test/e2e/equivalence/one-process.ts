/** The world without supervision: the generic modules in the reference loader. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { REFERENCE_LOADER } from '../../../src/paths.js';
import { SCALARS } from '../../../src/wire/params.js';
import { fixture } from '../core.js';
import {
  chainOf,
  MODULES,
  makePayload,
  modulesOf,
  type Occurrence,
  RULES_TYPE,
  refidOf,
  type Scenario,
} from './scenario.js';
import { Deeds, type End, type PlainParams, transcribe } from './transcript.js';

const ABI = { table: 'table', '2019': 'exports-2019', '2020': 'exports-2020' } as const;

/** A line of the loader. */
export type Told = Record<string, unknown> & { event: string; module: string };

/** The reference loader with a module for each place. */
export class OneProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #hear: (told: Told) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  readonly #directory = mkdtempSync(join(tmpdir(), 'mm-'));

  /** @param loader another build of it */
  constructor(loader: string = REFERENCE_LOADER) {
    const modules = MODULES.flatMap(({ name, abi }) => {
      // A file of its own: a file that is loaded twice into a process exists there only once, with one set of variables.
      const file = join(this.#directory, `${name}.so`);
      copyFileSync(fixture(`generic-${abi}`), file);
      return ['--module', name, file, `mesibo_module_generic_${abi}_init`, ABI[abi]];
    });
    this.#child = spawn(loader, modules, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#child.stdout).on('line', (line) => this.#hear(JSON.parse(line) as Told));
    this.#child.on('exit', (code, signal) => this.#fail(new Error(`the loader ended (${signal ?? code})`)));
    this.#child.stdin.on('error', () => undefined);
  }

  /** What comes of each event of a scenario. */
  play(scenario: Scenario): Promise<string[][]> {
    const deeds = new Deeds();
    const ends: End[] = [];
    const rules = modulesOf(scenario);
    let outcomes = 0;
    const played = new Promise<string[][]>((resolve, reject) => {
      this.#fail = reject;
      this.#hear = (told) => {
        if (told.event === 'log') deeds.logged(told.module, told.level as number, bytesOf(told.text) ?? EMPTY);
        else if (told.event === 'send') deeds.sent(told.module, paramsOf(told), bytesOf(told.payload) ?? EMPTY);
        else if (told.event === 'problem') reject(new Error(`the loader: ${bytesOf(told.text)}`));
        else if (told.event === 'outcome') {
          outcomes += 1;
          if (outcomes > rules.length) ends.push(endOf(told));
          if (ends.length < scenario.events.length) return;
          if (deeds.strays.length > 0) reject(new Error(`of no event: ${deeds.strays.join('\n')}`));
          resolve(ends.map((end, i) => transcribe(end, deeds.of(i))));
        }
      };
    });
    this.#child.stdin.write([...rules.map((place) => ruleLine(scenario, place)), ...eventLines(scenario)].join(''));
    return played;
  }

  /** Ends it; resolves with its exit code. */
  async close(): Promise<number | null> {
    this.#fail = () => undefined;
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    const [code] = await gone;
    rmSync(this.#directory, { recursive: true });
    return code;
  }
}

const EMPTY = new Uint8Array(0);

function ruleLine({ rules }: Scenario, place: number): string {
  const text = Buffer.from((rules[place] ?? []).join('\n'));
  return `message modules=${place} type=${RULES_TYPE} payload=${text.toString('hex')}\n`;
}

function eventLines(scenario: Scenario): string[] {
  return scenario.events.map((event, i) => eventLine(event, i, chainOf(scenario, event)));
}

/** What the loader is asked for: an event for the modules at these places. */
export function eventLine(event: Occurrence, index: number, chain: readonly number[]): string {
  const words = [event.function, `modules=${chain.join(',')}`, `refid=${refidOf(event, index)}`];
  for (const [name, value] of Object.entries(event.scalars)) words.push(`${name}=${value}`);
  for (const name of ['to', 'from'] as const) {
    const address = event[name];
    if (address) words.push(`${name}=${Buffer.from(address).toString('hex')}`);
  }
  if (event.function === 'message') words.push(`payload=${makePayload(event.payload).toString('hex')}`);
  return `${words.join(' ')}\n`;
}

/** Bytes that are written in hexadecimal digits. */
export function bytesOf(hex: unknown): Buffer | null {
  return typeof hex === 'string' ? Buffer.from(hex, 'hex') : null;
}

/** The parameters that a line tells. */
export function paramsOf({ params }: Told): PlainParams {
  const given = params as Record<string, string | null>;
  return { scalars: SCALARS.map((name) => given[name] ?? '?'), to: bytesOf(given.to), from: bytesOf(given.from) };
}

/** The end of an event's way, as a line tells it. */
export function endOf(told: Told): End {
  const trace = (told.trace as [module: string, result: number][]).map(
    ([module, result]) => `${module} ${result === 1 ? 'consumed' : 'pass'}`,
  );
  return { by: told.module, trace, params: paramsOf(told), payload: bytesOf(told.payload) };
}
