import { type Command, InvalidArgumentError, Option } from 'commander';
import { SupervisorError } from '../../src/errors.js';
import { LEVELS, type LevelName, parseEntry, readLevel } from '../../src/logs/entry.js';
import { formatLogLine, formatTime } from '../../src/logs/format.js';
import { EVERYTHING, type LogSelection } from '../../src/logs/selection.js';
import { LogView } from '../../src/logs/view.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import { findStoredDirectories } from '../core/stored-directories.js';
import { type GlobalOptions, isGiven, parseCount, parsePast } from '../input/options.js';
import { hasColour, printPiece, tell, UsageError } from '../terminal/io.js';

/** Often enough for a person, and nothing for the disk. */
const POLL_MS = 200;
/** How many lines are printed at once. */
const PIECE_LINES = 1000;

interface LogsOptions extends GlobalOptions {
  follow?: boolean;
  lines: number;
  since?: number;
  until?: number;
  level?: LevelName;
  json?: boolean;
}

/** `logs`: what the core and its modules logged, whether the core runs or not. */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('show the log of a module, or of the core and all modules; works without a running core')
    .argument('[name]', 'the module; core: the lines of the core itself')
    .option('-f, --follow', 'go on with new lines as they are written')
    .option('-n, --lines <number>', 'how many of the last lines to show; with --since all', parseCount, 50)
    .option('--since <when>', 'only lines from then on: 10m, 08:15, 2026-11-29, 2026-11-29T08:15:00Z', parsePast)
    .option('--until <when>', 'only lines up to then', parsePast)
    .addOption(
      new Option('--level <level>', 'only lines of this level and worse')
        .choices(Object.keys(LEVELS))
        .argParser(parseLevel),
    )
    .option('--json', 'print the lines as they are in the files')
    .action(async (name: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<LogsOptions>();
      const selection = selectionOf(options);
      const { runDir, stateDir } = await findStoredDirectories(options);
      const colour = hasColour(process.stdout);
      let isEmpty = true;
      const print = (lines: string[]) => {
        isEmpty &&= lines.length === 0;
        const shown = options.json ? lines.filter((line) => parseEntry(line)) : lines;
        return printPiece(shown.map((line) => `${options.json ? line : formatLogLine(line, colour)}\n`).join(''));
      };
      const view = new LogView(stateDir, name ?? null, selection);
      if (!view.exists()) {
        const { refuseWithoutControl } = await import('../../src/control/client/probe.js');
        await refuseWithoutControl(runDir);
        if (!options.follow || name !== undefined) throw nothingLogged(stateDir, name, view.modules());
      }
      const isAll = options.since !== undefined && !isGiven(command, 'lines');
      for (const lines of inPieces(isAll ? view.all() : view.last(options.lines))) await print(lines);
      if (isEmpty && !options.follow && options.lines > 0) tell('no line of the logs matches');
      while (options.follow) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        await print(view.next());
      }
    });
}

/** @throws InvalidArgumentError for what is no level. */
function parseLevel(text: string): LevelName {
  const level = readLevel(text);
  if (level !== null) return level;
  throw new InvalidArgumentError(`Allowed choices are ${Object.keys(LEVELS).join(', ')}.`);
}

/** @throws UsageError where the options leave no time for a line. */
function selectionOf({ follow, since, until, level }: LogsOptions): LogSelection {
  if (follow && until !== undefined) {
    throw new UsageError('--until looks back and -f looks ahead: give one of the two');
  }
  if (since !== undefined && until !== undefined && since > until) {
    const [from, to] = [since, until].map(formatTime);
    throw new UsageError(`--since is later than --until: ${from} and ${to}, in local time`);
  }
  return {
    sinceMs: since ?? EVERYTHING.sinceMs,
    untilMs: until ?? EVERYTHING.untilMs,
    level: level ? LEVELS[level] : EVERYTHING.level,
  };
}

function* inPieces(lines: Iterable<string>): Generator<string[]> {
  let piece: string[] = [];
  for (const line of lines) {
    piece.push(line);
    if (piece.length < PIECE_LINES) continue;
    yield piece;
    piece = [];
  }
  yield piece;
}

function nothingLogged(stateDir: string, name: string | undefined, modules: string[]): SupervisorError {
  if (name !== undefined && modules.length === 0 && new LogView(stateDir, null).exists()) {
    const what = `no module has logged in ${stateDir}, only the core has`;
    return new SupervisorError('INVALID_ARGUMENT', what, {
      remedy: sentence`to see its lines: ${coreCommand('logs', 'core')}`,
    });
  }
  if (name === undefined || modules.length === 0) {
    const text = `nothing has been logged in ${stateDir}; if the core logs elsewhere, give --run-dir or --state-dir`;
    return new SupervisorError('INVALID_ARGUMENT', text);
  }
  const text = `no module "${name}" has logged in ${stateDir}; there are: ${modules.join(', ')}`;
  return new SupervisorError('INVALID_ARGUMENT', text);
}
