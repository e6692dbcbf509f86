import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { type Command, Option } from 'commander';
import { ABI_NAMES, type AbiName } from '../../src/config/types.js';
import type { Fed } from '../../src/in-process/loader.js';
import { collectPairs, parseU64 } from '../input/options.js';
import { linesOfStdin } from '../input/stdin-lines.js';
import { eventToJson, RunRenderer } from '../render/run.js';
import { EXIT, printData, tell, UsageError } from '../terminal/io.js';

interface RunOptions {
  inProcess?: boolean;
  config?: string;
  abi?: AbiName;
  conf: [string, string][];
  message: string[];
  from: string;
  to: string;
  id?: bigint;
  group?: bigint;
  type?: bigint;
  flags?: bigint;
  under?: string;
  json?: boolean;
}

const HELP = `
Without --message, each line of standard input is a message. Ids count up from --id.

Under a debugger, valgrind, or with a module that was built with -fsanitize=address:
  mesibo-modules run --in-process --under "gdb --args" ./module_hello.so --message hello
  mesibo-modules run --in-process --under "valgrind --leak-check=full" ./module_hello.so --message hello
  mesibo-modules run --in-process --under "env LD_PRELOAD=$(cc -print-file-name=libasan.so)" ./module_hello.so --message hello`;

/** `run --in-process`: modules in one process, without supervision, for their authors. */
export function addRun(program: Command): void {
  program
    .command('run')
    .description('load modules into one process, without supervision, and hand them messages: for their authors')
    .argument('[files...]', 'shared objects, in the order of the chain')
    .option(
      '--in-process',
      'all in one process; required, since "start" is what runs modules in processes of their own',
    )
    .option('--config <file>', 'the modules of a configuration, with their settings, instead of files')
    .addOption(new Option('--abi <abi>', 'the ABI of the files, if they do not tell').choices(ABI_NAMES))
    .option('--conf <key=value>', "one of the modules' own settings, as often as needed", collectPairs, [])
    .option('--message <text>', 'a message; may be repeated', collect, [])
    .option('--from <address>', 'the sender', 'alice')
    .option('--to <address>', 'the recipient', 'bob')
    .option('--id <number>', 'the id of the first message (default: 1)', parseU64)
    .option('--group <number>', 'the id of the group', parseU64)
    .option('--type <number>', 'the type of the messages', parseU64)
    .option('--flags <number>', 'the flags of the messages', parseU64)
    .option('--under <command>', 'a command to put in front of the process')
    .option('--json', 'print one JSON document a line for each thing that happens')
    .addHelpText('after', HELP)
    .action(async (files: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<RunOptions>();
      check(files, options);
      const { planConfig, planFiles } = await import('../../src/in-process/plan.js');
      const { runInProcess } = await import('../../src/in-process/loader.js');
      const { describeWarning, loadConfig } = await import('../../src/config/load.js');
      const { makeConfig } = await import('../../src/config/make.js');
      const config = options.config ? loadConfig(resolve(options.config)) : makeConfig({ modules: [] });
      const modules = options.config ? planConfig(config) : planFiles(files, options.conf, options.abi);
      for (const warning of config.warnings.map(describeWarning)) tell(warning);
      for (const warning of modules.flatMap(({ warnings }) => warnings)) tell(warning);
      const renderer = new RunRenderer();
      // A debugger takes Ctrl-C for itself.
      if (options.under !== undefined) process.on('SIGINT', () => undefined);
      const end = await runInProcess({
        modules,
        maxMessageBytes: config.maxMessageBytes,
        messages: noted(messagesOf(options), renderer),
        under: options.under ?? null,
        quietStdout: options.json === true,
        interactive: options.message.length > 0,
        onEvent: (event) => {
          const lines = renderer.render(event);
          const line = options.json ? eventToJson(event) : lines.join('\n');
          if (options.json ? line !== null : lines.length > 0) printData(line as string);
          if (event.kind === 'refused') process.exitCode = EXIT.failed;
        },
      });
      const failure = renderer.failure(end, options.under !== undefined);
      if (failure === null) return;
      if (process.exitCode !== EXIT.failed) tell(failure);
      process.exitCode = EXIT.failed;
    });
}

function check(files: string[], { inProcess, config, abi, conf, message }: RunOptions): void {
  if (!inProcess) throw new UsageError('run needs --in-process; to run modules in processes of their own, use "start"');
  if (files.length === 0 && !config) throw new UsageError('give the .so files of modules, or --config FILE');
  if (files.length > 0 && config) throw new UsageError('give either .so files or --config, not both');
  if (config && conf.length > 0) throw new UsageError('with --config the settings are those of the file');
  if (config && abi) throw new UsageError('with --config the ABIs are those of the file');
  if (message.length === 0 && isatty(0))
    throw new UsageError('no message: give --message TEXT, or lines on standard input');
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

async function* messagesOf(options: RunOptions): AsyncGenerator<Fed> {
  const { message, from, to, group: groupid = 0n, type = 0n, flags = 0n } = options;
  let id = options.id ?? 1n;
  for await (const payload of message.length > 0 ? message.map((text) => Buffer.from(text)) : linesOfStdin()) {
    yield { numbers: { id, groupid, type, flags }, from, to, payload };
    id = BigInt.asUintN(64, id + 1n);
  }
}

async function* noted(messages: AsyncIterable<Fed>, renderer: RunRenderer): AsyncGenerator<Fed> {
  for await (const message of messages) {
    renderer.note(message);
    yield message;
  }
}
