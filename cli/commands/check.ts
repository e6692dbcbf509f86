import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CheckResult } from '../../src/check.js';
import { escapeControl } from '../../src/escape-control.js';
import { joinSentences, type Sentence, sentence } from '../../src/sentence.js';
import { type GlobalOptions, isGiven } from '../input/options.js';
import { describeChecked } from '../render/check.js';
import { INTERRUPTS } from '../terminal/interrupts.js';
import { EXIT, InterruptError, printData, printSentence, tell, UsageError } from '../terminal/io.js';
import { withProgress } from '../terminal/progress.js';
import { DEFAULT_CONFIG } from './start.js';

interface CheckOptions extends GlobalOptions {
  config: string;
  strict?: boolean;
  json?: boolean;
}

/** `check`: the configuration file and every module in it, without touching a running core. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('try the configuration and every module, each in a process of its own; a running core is not touched')
    .argument('[file]', 'the configuration file, in the place of --config')
    .option('--config <file>', 'the configuration file', DEFAULT_CONFIG)
    .option('--strict', 'let warnings fail the check')
    .option('--json', 'print one JSON document a line: one for each warning, then one for each module')
    .action(async (given: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const { strict, json } = options;
      if (given !== undefined && given !== options.config && isGiven(command, 'config')) {
        throw new UsageError('give either FILE or --config, not both');
      }
      const file = given ?? options.config;
      const { describeWarning, loadConfig, strictError } = await import('../../src/config/load.js');
      const { checkModules } = await import('../../src/check.js');
      const config = loadConfig(resolve(file));
      const error = strict ? strictError(config) : null;
      if (error) throw error;
      for (const warning of config.warnings.map(describeWarning)) {
        if (json) printData(JSON.stringify({ warning }));
        else tell(warning, 'warn');
      }
      const checked: { module: string; isGood: boolean }[] = [];
      const interrupt = new AbortController();
      for (const signal of INTERRUPTS)
        process.once(signal, () => interrupt.abort(new InterruptError(signal, 'the check was interrupted')));
      const results = checkModules(config, interrupt.signal);
      for (;;) {
        const left = config.modules.slice(checked.length).map(({ name }) => name);
        const line = `check: ${checked.length} of ${config.modules.length} modules tried; waiting for ${left.slice(0, 2).join(' and ')}`;
        const { value: result } = await withProgress(async () => line, results.next());
        if (!result) break;
        const isGood = result.ok && !(strict && result.warnings.length > 0);
        checked.push({ module: result.module, isGood });
        if (json) printData(JSON.stringify(result));
        else printSentence(renderCheck(result));
        if (!isGood) process.exitCode = EXIT.failed;
      }
      const summary = describeChecked(checked);
      if (summary !== null && !json) printSentence(summary);
    });
}

function renderCheck({ module, ok, abi, advice, warnings, problems, debug }: CheckResult): Sentence {
  const found = `ABI ${abi}${advice === null ? '' : `; ${advice}`}`;
  const start = abi === null ? [] : [`module ${module}: ${ok ? 'ok' : 'it starts'}, ${found}`];
  const lines = [...problems, ...warnings, ...start].map((line) => sentence`${escapeControl(line)}`);
  const where =
    debug === null ? [] : [sentence`module ${module}: to see where it crashes: ${debug}`.map(escapeControl)];
  return joinSentences([...lines, ...where], '\n');
}
