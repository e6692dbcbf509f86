import type { Command } from 'commander';
import { showText } from '../../src/config/text.js';
import { describeCutShort, describePlan, describeReload, describeWentBack } from '../../src/core/describe-reload.js';
import { isPath } from '../../src/module-names.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { EXIT, printData, tell, UsageError } from '../terminal/io.js';
import { withProgress } from '../terminal/progress.js';

/** `reload`: lets a running core read its configuration file again. */
export function addReload(program: Command): void {
  program
    .command('reload')
    .description(
      'read the configuration again; a changed module gets a new process before its old one ends; if anything fails, nothing changes',
    )
    .argument('[names...]', 'only these modules; each gets a new process, changed or not')
    .option('--dry-run', 'say what a reload would change, and why; change nothing')
    .option('--no-wait', 'do not wait until modules with "probation" have held')
    .option('--json', 'print what was done as one JSON document')
    .action(async (names: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean; dryRun?: boolean; wait: boolean }>();
      const file = names.find(isPath);
      if (file !== undefined) {
        const what = `${showText(file)} is a file, not the name of a module`;
        throw new UsageError(
          sentence`${what}; a core reloads the file that it was started with: ${coreCommand('reload')}`,
        );
      }
      await withClient(directoriesOf(options).runDir, async (client) => {
        const report = options.dryRun
          ? await withProgress(waitingOf('reload --dry-run', client), client.planReload(names))
          : await waitForCore('reload', waitingOf('reload', client), client.reload(names, options));
        for (const warning of report.warnings) tell(warning, 'warn');
        if (options.json) printData(JSON.stringify(report));
        else if (report.dryRun) for (const line of describePlan(report)) tell(line);
        else tell(sentence`reloaded: ${describeReload(report)}`);
        // An older core knows no probation.
        const { wentBack = [], cutShort = [] } = report as Partial<typeof report>;
        for (const one of wentBack) tell(describeWentBack(one), 'error');
        for (const one of cutShort) tell(describeCutShort(one), 'warn');
        if (wentBack.length > 0) process.exitCode = EXIT.failed;
      });
    });
}
