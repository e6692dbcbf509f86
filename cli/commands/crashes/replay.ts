import type { ModuleSpec } from '../../../src/config/types.js';
import { ABI_NAMES, type AbiName } from '../../../src/config/types.js';
import type { CrashCard } from '../../../src/crashes/card.js';
import { findCard, readKeptCalls } from '../../../src/crashes/read-cards.js';
import { readBlamedLines } from '../../../src/crashes/source-lines.js';
import type { Directories } from '../../../src/directories.js';
import { SupervisorError } from '../../../src/errors.js';
import type { FoundBuild } from '../../../src/replay/find-build.js';
import type { Helper } from '../../../src/replay/helpers.js';
import { putTogether, type Recorded } from '../../../src/replay/recorded.js';
import { findMissingProgram } from '../../input/programs.js';
import { renderReplayed, replayedToJson } from '../../render/crashes/replayed.js';
import { EXIT, printData, printForeign, tell, UsageError, viewOf } from '../../terminal/io.js';
import type { CrashesOptions } from './options.js';
import { findReplayConfig } from './replay-config.js';

/** Where the configuration is looked for when no core runs. */
const USUAL_CONFIG = '/etc/mesibo/mesibo.conf';
/** Of what a debugger prints, for `--json`. */
const MOST_OUTPUT = 1024 * 1024;

/** `crashes replay`: the recorded calls once more, to the same file. The exit code is 0 if the module dies again at the same place. */
export async function replayCrash(directories: Directories, given: string, options: CrashesOptions): Promise<void> {
  const { stateDir } = directories;
  const card = findCard(stateDir, given);
  const recorded = putTogether(card, readKeptCalls(stateDir, card.id));
  const helper: Helper | null = options.gdb ? 'gdb' : options.valgrind ? 'valgrind' : null;
  const missingProgram = helper === null ? null : findMissingProgram(helper, process.env.PATH);
  if (missingProgram !== null)
    throw new UsageError(
      `${missingProgram} is not installed; install it, for example with: apt install ${missingProgram}`,
    );
  requireLast(card, recorded);
  const build = await chooseBuild(card, stateDir, options.anyBuild === true);
  const found = await findReplayConfig(options.config, directories.runDir, USUAL_CONFIG);
  const spec = found?.config.modules.find(({ name }) => name === card.module) ?? null;
  const configFile = spec === null ? null : (found?.file ?? null);
  if (spec === null && options.config !== undefined)
    throw new UsageError(`${options.config} has no module ${card.module}`);
  const output: string[] = [];
  const { replay } = await import('../../../src/replay/replay.js');
  const replayed = await replay(card, {
    path: build.path,
    settings: spec?.config ?? [],
    abi: abiOf(card, spec),
    maxMessageBytes: found?.config.maxMessageBytes ?? Number.MAX_SAFE_INTEGER,
    calls: recorded.calls,
    helper,
    onOutput: (text, stream) => {
      if (options.json && helper === 'gdb' && stream === 'stdout') keepSome(output, text);
      else printForeign(text, options.json ? 'stderr' : stream);
    },
  });
  if (replayed.result !== 'same') process.exitCode = EXIT.failed;
  const told = { card, build, recorded, replayed, config: configFile };
  if (options.json) return printData(replayedToJson({ ...told, output: helper === 'gdb' ? output.join('') : null }));
  const source = replayed.card && readBlamedLines(replayed.card);
  printData(renderReplayed({ ...told, source }, viewOf(process.stdout)));
}

/** @throws SupervisorError when the call on which it died cannot be made again */
function requireLast({ id, message }: CrashCard, { hasLast }: Recorded): void {
  if (hasLast || message === null) return;
  const what = `crash ${id} cannot be replayed: the body of message ${message.id} was not kept`;
  const remedy = '"crash_body = last" keeps the body of the last message, and "all" those of the last 16';
  throw new SupervisorError('CRASH_UNREADABLE', what, { remedy });
}

async function chooseBuild(card: CrashCard, stateDir: string, takesAny: boolean): Promise<FoundBuild> {
  const { findBuild } = await import('../../../src/replay/find-build.js');
  const build = await findBuild(card, stateDir, takesAny);
  if (build === null) {
    const remedy = 'put the build that crashed back in its place';
    throw new SupervisorError('MODULE_FILE_MISSING', `module ${card.module}: ${card.file} is missing`, { remedy });
  }
  if (build.kind === 'copy')
    tell(
      `${card.file} has changed since the crash; the core has kept the build that crashed: ${build.path}; to replay the file that is there now, add --any-build`,
    );
  if (build.kind !== 'other') return build;
  const what = `module ${card.module}: ${card.file} has changed since the crash`;
  if (!takesAny) {
    const remedy = 'to replay with the build that is there now, add --any-build; or put the other one back';
    throw new SupervisorError('MODULE_FILE_CHANGED', what, { remedy });
  }
  tell(`${what}: the build that is there now is replayed`, 'warn');
  return build;
}

function abiOf({ abi }: CrashCard, spec: ModuleSpec | null): AbiName | null {
  return ABI_NAMES.find((name) => name === abi) ?? spec?.abi ?? null;
}

function keepSome(output: string[], text: string): void {
  if (output.reduce((sum, piece) => sum + piece.length, 0) < MOST_OUTPUT) output.push(text);
}
