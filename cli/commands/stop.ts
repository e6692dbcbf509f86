import type { Command } from 'commander';
import type { ControlClient } from '../../src/control/client/client.js';
import type { NamedCore } from '../../src/control/core-lock.js';
import { ControlError } from '../../src/errors.js';
import { coreCommand, sentence, shellCommand } from '../../src/sentence.js';
import { orderAll, waitForCore, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { describeStop } from '../render/defaults.js';
import { EXIT, tell } from '../terminal/io.js';
import { describeWaiting, withProgress } from '../terminal/progress.js';

/** `stop_timeout` bounds each module's stop; this is far beyond what anybody sets. */
const STOP_LIMIT_MS = 10 * 60_000;
/** A core that starts or stops takes no requests meanwhile. */
const BUSY_LIMIT_MS = 30_000;

/** `stop`: ends the core and returns when it is gone. */
export function addStop(program: Command): void {
  program
    .command('stop')
    .description('stop the core and all modules, or only some modules; returns when they are gone')
    .argument(
      '[names...]',
      'only these modules; they stay stopped until "start NAME", even if the core reloads or restarts',
    )
    .action(async (names: string[], _options, command: Command) => {
      const { runDir } = directoriesOf(command.optsWithGlobals<GlobalOptions>());
      if (names.length > 0) return stopModules(runDir, names);
      const { waitForCoreToEnd } = await import('../../src/control/core-lock.js');
      const { client, core } = await withProgress(
        async () => 'stop: waiting for the core to answer',
        requestStop(runDir),
      );
      let waits: string | null = null;
      const line = async () => {
        // A core that stops still answers a connection that was open before.
        if (client) waits = describeWaiting('stop', (await client.status()).modules) ?? waits;
        return waits ?? 'stop: waiting for the core to end';
      };
      const hasEnded = await waitForCore('stop', line, waitForCoreToEnd(runDir, core, STOP_LIMIT_MS));
      client?.close();
      if (!hasEnded) {
        const kill = shellCommand('kill', '-KILL', `${core.pid ?? 'PID'}`);
        const both = core.kind === 'embedded' ? ' with its program' : '';
        throw new ControlError(
          'CORE_SILENT',
          `the core has not ended within ${STOP_LIMIT_MS / 60_000} minutes${waits ? ` (${waits})` : ''}`,
          { remedy: sentence`to end it at once${both}: ${kill}` },
        );
      }
      const goesOn = core.kind === 'embedded' ? '; its program goes on' : '';
      tell(core.pid === null ? 'the core has stopped' : `the core with pid ${core.pid} has stopped${goesOn}`);
    });
}

async function stopModules(runDir: string, names: string[]): Promise<void> {
  const problems = await withClient(runDir, (client) =>
    orderAll(client, 'stop', names, (name, module) => {
      const start = coreCommand('start', name);
      tell(sentence`module ${name} is stopped; ${describeStop(module)}; to start it: ${start}`);
    }),
  );
  for (const problem of problems) tell(problem.sentence, 'error');
  if (problems.length > 0) process.exitCode = EXIT.failed;
}

/** @returns the core and the connection. When the core was about to end by itself, both are empty. */
async function requestStop(runDir: string): Promise<{ client: ControlClient | null; core: NamedCore }> {
  const { readNamedCore } = await import('../../src/control/core-lock.js');
  const { ControlClient } = await import('../../src/control/client/client.js');
  const end = performance.now() + BUSY_LIMIT_MS;
  for (let first = true; ; first = false) {
    let client: ControlClient | null = null;
    try {
      client = await ControlClient.connect(runDir);
      // Read it before the stop: the same process may start another core at once.
      const { runId } = readNamedCore(runDir);
      const { pid, goesOn } = await client.stop();
      return { client, core: { pid, runId, kind: goesOn ? 'embedded' : 'daemon' } };
    } catch (error) {
      client?.close();
      if (!(error instanceof ControlError)) throw error;
      if (error.code === 'CORE_NOT_RUNNING' && !first) {
        return { client: null, core: { pid: null, runId: null, kind: 'daemon' } };
      }
      if (error.code !== 'CORE_SILENT' || performance.now() >= end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
