/** The bridge for mesibo servers, in the reference loader, before a core. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { PACKAGE_ROOT, REFERENCE_LOADER } from '../../../src/paths.js';
import type { Told } from '../equivalence/one-process.js';

/** The ABIs of servers that it is built for. */
export const BRIDGE_ABIS = ['exports-2020', 'table'] as const;
export type BridgeAbi = (typeof BRIDGE_ABIS)[number];

/** The file of it. */
export function bridgeFile(abi: BridgeAbi): string {
  return join(PACKAGE_ROOT, `bridges/mesibo/build/${abi}/module_bridge.so`);
}

/** Settings of a bridge whose times are no part of a test. */
export function bridgeSettings(socket: string): Record<string, string> {
  return { socket, deadline: '60s', callbacks: 'all' };
}

/** A server that gives modules no settings has them in a file, which a variable names. */
export function settingsFile(directory: string, settings: Record<string, string>): Record<string, string> {
  const file = join(directory, 'bridge.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(file, lines.join(''));
  return { MESIBO_BRIDGE_CONFIG: file };
}

/** The reference loader with the bridge alone, in the place of a server. */
export class BridgedLoader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((told: Told) => void)[] = [];
  readonly #failed: Promise<never>;
  /** What the bridge sent and logged so far. */
  readonly sent: Told[] = [];
  readonly logged: string[] = [];

  constructor(abi: BridgeAbi, directory: string, settings: Record<string, string>) {
    const block = abi === 'table' ? [] : Object.entries(settings).flatMap(([name, value]) => ['--set', name, value]);
    const args = ['--module', 'bridge', bridgeFile(abi), 'mesibo_module_bridge_init', abi, ...block];
    const env = { ...process.env, ...settingsFile(directory, settings) };
    this.#child = spawn(REFERENCE_LOADER, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#child.stdin.on('error', () => undefined);
    this.#failed = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`the loader ended (${signal ?? code}): ${this.logged.join('')}`);
    });
    this.#failed.catch(() => undefined);
    createInterface(this.#child.stdout).on('line', (line) => this.#hear(JSON.parse(line) as Told));
  }

  /** Asks for an event, as the loader's input has it; resolves with its outcome. */
  ask(line: string): Promise<Told> {
    const outcome = new Promise<Told>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(line);
    return Promise.race([outcome, this.#failed]);
  }

  /** Calls callbacks, one after the other, until the condition holds. */
  async callUntil(holds: () => boolean): Promise<void> {
    while (!holds()) await this.ask('call\n');
  }

  /** Ends it; resolves with its exit code. */
  async close(): Promise<number | null> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    const [code] = await gone;
    return code;
  }

  #hear(told: Told): void {
    if (told.event === 'send') this.sent.push(told);
    else if (told.event === 'log') this.logged.push(Buffer.from(told.text as string, 'hex').toString());
    else if (told.event === 'outcome') this.#waiting.shift()?.(told);
    else if (told.event === 'problem') throw new Error(Buffer.from(told.text as string, 'hex').toString());
  }
}
