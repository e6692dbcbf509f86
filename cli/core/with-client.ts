/** A connection to the running core, for as long as a command needs it. */

import type { ControlClient } from '../../src/control/client/client.js';
import type { ModuleOrder } from '../../src/control/frames.js';
import { ControlError } from '../../src/errors.js';
import { requireKnown } from '../../src/module-names.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import type { ModuleStatus } from '../../src/supervisor/types.js';
import { INTERRUPTS } from '../terminal/interrupts.js';
import { tell } from '../terminal/io.js';
import { describeWaiting, hideProgress, withProgress } from '../terminal/progress.js';

/**
 * Connects, works, and closes the connection.
 *
 * @throws ControlError `CORE_NOT_RUNNING`, `CORE_SILENT`, and what the work throws.
 */
export async function withClient<T>(runDir: string, work: (client: ControlClient) => Promise<T>): Promise<T> {
  const { ControlClient } = await import('../../src/control/client/client.js');
  const client = await ControlClient.connect(runDir);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/**
 * Waits until the core has carried out an order, and shows what the core waits for. A user who interrupts the command is told
 * that the core goes on.
 */
export async function waitForCore<T>(what: string, line: () => Promise<string | null>, work: Promise<T>): Promise<T> {
  const interrupt = (signal: NodeJS.Signals) => {
    hideProgress();
    tell(sentence`${signal}: the core carries on with "${what}"; to look at it: ${coreCommand('status')}`);
    release();
    // End as if nobody had caught the signal: a shell looks at the signal that ended a command.
    process.kill(process.pid, signal);
  };
  const release = () => {
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  };
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  try {
    return await withProgress(line, work);
  } finally {
    release();
  }
}

/** What the core waits for while it carries out what was ordered over this connection. */
export function waitingOf(what: string, client: ControlClient): () => Promise<string | null> {
  return async () => describeWaiting(what, (await client.status()).modules) ?? `${what}: waiting for the core`;
}

/**
 * Gives an order to several modules, one after the other; none of them gets it if one of the names is unknown.
 *
 * @returns what went wrong, in the order of the names.
 * @throws ControlError when the core cannot be asked; SupervisorError `MODULE_UNKNOWN`.
 */
export async function orderAll(
  client: ControlClient,
  order: ModuleOrder,
  names: readonly string[],
  done: (name: string, before: ModuleStatus | undefined) => void,
): Promise<ControlError[]> {
  const { modules } = await client.status();
  const known = modules.map(({ name }) => name);
  for (const name of names) requireKnown(name, known);
  const problems: ControlError[] = [];
  for (const name of new Set(names)) {
    try {
      const { warnings } = await waitForCore(`${order} ${name}`, waitingOf(order, client), client.order(order, name));
      done(
        name,
        modules.find((module) => module.name === name),
      );
      for (const warning of warnings) tell(warning, 'warn');
    } catch (error) {
      if (!(error instanceof ControlError) || error.code === 'CORE_SILENT') throw error;
      problems.push(error);
    }
  }
  return problems;
}
