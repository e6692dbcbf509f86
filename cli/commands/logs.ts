import type { Command } from 'commander';
import type { Directories } from '../../src/directories.js';
import { SupervisorError } from '../../src/errors.js';
import { parseEntry } from '../../src/logs/entry.js';
import { formatLogLine } from '../../src/logs/format.js';
import { LogView } from '../../src/logs/view.js';
import { directoriesOf, type GlobalOptions, parseCount } from '../input/options.js';
import { hasColour, printData } from '../terminal/io.js';

/** Often enough for a person, and nothing for the disk. */
const POLL_MS = 200;

interface LogsOptions extends GlobalOptions {
  follow?: boolean;
  lines: number;
  json?: boolean;
}

/** `logs`: what the core and its modules logged, whether the core runs or not. */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('show the log of a module, or of the core and all modules; works without a running core')
    .argument('[name]', 'the module')
    .option('-f, --follow', 'go on with what is added')
    .option('-n, --lines <number>', 'how many of the last lines to show', parseCount, 50)
    .option('--json', 'print the lines as they are in the files')
    .action(async (name: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<LogsOptions>();
      const { runDir, stateDir } = await findDirectories(options);
      const colour = hasColour(process.stdout);
      const print = (lines: string[]) => {
        const shown = options.json ? lines.filter((line) => parseEntry(line)) : lines;
        if (shown.length === 0) return;
        printData(shown.map((line) => (options.json ? line : formatLogLine(line, colour))).join('\n'));
      };
      const view = new LogView(stateDir, name ?? null);
      if (!view.exists()) {
        const { refuseWithoutControl } = await import('../../src/control/client/probe.js');
        await refuseWithoutControl(runDir);
        if (!options.follow || name !== undefined) throw nothingLogged(stateDir, name, view.modules());
      }
      print(view.last(options.lines));
      while (options.follow) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        print(view.next());
      }
    });
}

/** Where nobody names the state directory, the core in the run directory does: it may have another one than is usual. */
async function findDirectories(options: GlobalOptions): Promise<Directories> {
  const usual = directoriesOf(options);
  if (options.stateDir || process.env.MESIBO_STATE_DIR) return usual;
  const { readStateDir } = await import('../../src/control/core-lock.js');
  return { ...usual, stateDir: readStateDir(usual.runDir) ?? usual.stateDir };
}

function nothingLogged(stateDir: string, name: string | undefined, modules: string[]): SupervisorError {
  if (name === undefined || modules.length === 0) {
    const text = `nothing has been logged in ${stateDir}; if the core logs elsewhere, give --run-dir or --state-dir`;
    return new SupervisorError('INVALID_ARGUMENT', text);
  }
  const text = `no module "${name}" has logged in ${stateDir}; there are: ${modules.join(', ')}`;
  return new SupervisorError('INVALID_ARGUMENT', text);
}
