/** The settings that a module had, for its replay. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CoreConfig } from '../../../src/config/types.js';
import { tell } from '../../terminal/io.js';

/** How long to wait for a core that is busy. */
const ANSWER_MS = 2000;

/** A configuration that has the module. */
export interface ReplayConfig {
  config: CoreConfig;
  file: string;
}

/**
 * Looks for the configuration: the one that was given, the one of the core that runs, or the usual one.
 *
 * @returns `null`: none is at hand
 * @throws ConfigError for one that was given and cannot be used
 */
export async function findReplayConfig(
  given: string | undefined,
  runDir: string,
  usual: string,
): Promise<ReplayConfig | null> {
  const { loadConfig } = await import('../../../src/config/load.js');
  if (given !== undefined) return { config: loadConfig(resolve(given)), file: resolve(given) };
  const file = (await configOfCore(runDir)) ?? (existsSync(usual) ? usual : null);
  if (file === null) return null;
  try {
    return { config: loadConfig(file), file };
  } catch (error) {
    tell(`${(error as Error).message}; the replay goes on without settings of the module`, 'warn');
    return null;
  }
}

/** @returns `null`: no core runs, or it has no file */
async function configOfCore(runDir: string): Promise<string | null> {
  try {
    const { ControlClient } = await import('../../../src/control/client/client.js');
    const client = await ControlClient.connect(runDir, { answerMs: ANSWER_MS });
    try {
      return (await client.status()).core.config;
    } finally {
      client.close();
    }
  } catch {
    return null;
  }
}
