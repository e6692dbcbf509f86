import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SupervisorError } from '../../src/errors.js';
import { escapeControl } from '../../src/logs/format.js';
import { EXIT, printData, tell } from '../io.js';
import type { GlobalOptions } from '../options.js';
import { DEFAULT_CONFIG } from './start.js';

interface CheckOptions extends GlobalOptions {
  config: string;
  strict?: boolean;
}

/** `check`: the configuration file and every module in it, without touching a running core. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('try the configuration and every module, each in a process of its own; a running core is not touched')
    .option('--config <file>', 'the configuration file', DEFAULT_CONFIG)
    .option('--strict', 'let warnings of the configuration fail the check')
    .action(async (_options, command: Command) => {
      const { config: file, strict } = command.optsWithGlobals<CheckOptions>();
      const { describeWarning, loadConfig, strictError } = await import('../../src/config/load.js');
      const { checkModules } = await import('../../src/check.js');
      const config = loadConfig(resolve(file));
      const error = strict ? strictError(config) : null;
      if (error) throw error;
      for (const warning of config.warnings) tell(describeWarning(warning));
      if (config.modules.length === 0) tell(`${file}: no module is configured`);
      const interrupt = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.once(signal, () => interrupt.abort(new SupervisorError('ILLEGAL_STATE', 'the check was interrupted')));
      for await (const { module, ok, abi, advice, problems } of checkModules(config, interrupt.signal)) {
        const found = `ABI ${abi ?? 'unknown'}${advice === null ? '' : `; ${advice}`}`;
        if (ok) printData(escapeControl(`module ${module}: ok, ${found}`));
        for (const problem of problems) printData(escapeControl(problem));
        if (!ok) process.exitCode = EXIT.failed;
      }
    });
}
