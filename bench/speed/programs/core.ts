/** A core with modules that pass every message, for the programs that measure ours. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigOptions, type ModuleOptions, makeConfig, Supervisor } from 'mesibo-modules';
import { PASS_MODULE } from '../paths.js';

/** A core that serves. */
export interface PassCore {
  supervisor: Supervisor;
  /** Of the modules' processes, in the order of the chain. */
  hosts: number[];
  /** From the call to the moment when all serve. */
  startMs: number;
  stop(): Promise<void>;
}

/** All protection is on, as by default. Only the deadlines are long, for a busy machine. */
export async function startPassCore(
  modules: number,
  options: { module?: Partial<ModuleOptions>; core?: Partial<ConfigOptions>; more?: ModuleOptions[] } = {},
): Promise<PassCore> {
  const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
  const config = makeConfig({
    chainDeadlineMs: 600_000,
    ...options.core,
    modules: [
      ...Array.from({ length: modules }, (_, i) => ({
        name: `pass${i || ''}`,
        path: PASS_MODULE,
        abi: 'exports-2020' as const,
        deadlineMs: 60_000,
        startTimeoutMs: 60_000,
        ...options.module,
      })),
      ...(options.more ?? []),
    ],
  });
  const supervisor = new Supervisor(config, { runDir: join(directory, 'run') });
  const began = performance.now();
  const { refused } = await supervisor.start();
  if (refused[0]) throw refused[0].error;
  return {
    supervisor,
    startMs: performance.now() - began,
    hosts: supervisor.status().modules.flatMap(({ pid }) => pid ?? []),
    async stop() {
      await supervisor.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
