import type { Command } from 'commander';
import { withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions, parseSeconds } from '../input/options.js';
import { renderAbsence, renderOverview, renderStatus } from '../render/status.js';
import { isWell } from '../render/troubles.js';
import { EXIT, printData, UsageError, viewOf } from '../terminal/io.js';

interface StatusOptions extends GlobalOptions {
  json?: boolean;
  watch?: true | number;
}

const WATCH_SECONDS = 1;

/** `status`: what the core and its modules are doing. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description(
      'show the core and its modules; the exit code is 1 if a module that should be up does not serve, or if the core has a problem',
    )
    .option('--json', 'print one JSON document')
    .option('--watch [seconds]', 'redraw every second, or every SECONDS; q quits', parseSeconds)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      const { runDir } = directoriesOf(options);
      if (options.watch !== undefined) return watchStatus(runDir, options.watch, options.json ?? false);
      const status = await withClient(runDir, (client) => client.status());
      printData(options.json ? JSON.stringify(status) : renderStatus(status, viewOf(process.stdout)));
      if (!isWell(status)) process.exitCode = EXIT.failed;
    });
}

async function watchStatus(runDir: string, seconds: true | number, json: boolean): Promise<void> {
  if (json && process.stdout.isTTY)
    throw new UsageError('--watch with --json is for programs; on a terminal, give only one of them');
  const { watch } = await import('../terminal/watch.js');
  await watch({
    runDir,
    everyMs: (seconds === true ? WATCH_SECONDS : seconds) * 1000,
    render: (status, reason) => {
      if (json) return JSON.stringify(status ?? { error: `${reason}` });
      const view = viewOf(process.stdout);
      return status === null ? renderAbsence(reason, view) : `${renderOverview(status, view)}\n`;
    },
  });
}
