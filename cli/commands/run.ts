import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { describeMisplaced } from '../../src/config/misplaced.js';
import { ABI_NAMES, type AbiName } from '../../src/config/types.js';
import { describeDebugging, isFault } from '../../src/debug-command.js';
import { describeTooLarge } from '../../src/errors.js';
import type { Fed } from '../../src/in-process/loader.js';
import { type Sentence, sentence } from '../../src/sentence.js';
import { givenOptions, SPEAKERS } from '../input/given-options.js';
import { chooseModule } from '../input/one-module.js';
import { collectPairs, parseU64, parseWait } from '../input/options.js';
import { findMissingProgram } from '../input/programs.js';
import type { Prompt, Speakers } from '../input/prompt.js';
import { chooseSource, collectTexts, payloadsOf, splitArguments, type TextSource } from '../input/texts.js';
import { eventToJson, RunRenderer } from '../render/run.js';
import { EXIT, printData, printForeign, tell, UsageError } from '../terminal/io.js';
import { renderUnstored } from './crashes/show-card.js';

interface RunOptions {
  inProcess?: boolean;
  config?: string;
  only?: string;
  name?: string;
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
  wait?: number;
  json?: boolean;
}

const HELP = `
Without a text, each line of standard input is a message; on a terminal you get
a prompt. Ids count up from --id. With --message every argument is a file.

Under a debugger, valgrind, or with a module built with -fsanitize=address:
  mesibo-modules run --in-process --under "gdb -batch -ex run -ex bt --args" \\
    ./module_hello.so hello
  mesibo-modules run --in-process --under "valgrind --leak-check=full" \\
    ./module_hello.so hello
  mesibo-modules run --in-process \\
    --under "env LD_PRELOAD=$(cc -print-file-name=libasan.so)" \\
    ./module_hello.so hello`;

/** `run --in-process`: modules in one process, without supervision, for their authors. */
export function addRun(program: Command): void {
  program
    .command('run')
    .description('load modules into one process, without supervision, and hand them messages: for their authors')
    .argument('[files...]', '.so files in the order of the chain, then messages')
    .option(
      '--in-process',
      'all in one process; required, since "start" is what runs modules in processes of their own',
    )
    .option('--config <file>', 'the modules of a configuration, with their settings, instead of files')
    .option('--only <name>', 'of the configuration only this module')
    .option('--name <name>', 'the name of the module, if the file has several; with one file')
    .addOption(new Option('--abi <abi>', 'the ABI of the files, if they do not tell').choices(ABI_NAMES))
    .option('--conf <key=value>', "one of the modules' own settings, as often as needed", collectPairs, [])
    .option('--message <text>', 'a message; may be repeated', collectTexts, [])
    .option('--from <address>', 'the sender', SPEAKERS.from)
    .option('--to <address>', 'the recipient', SPEAKERS.to)
    .option('--id <number>', 'the id of the first message (default: 1)', parseU64)
    .option('--group <number>', 'the id of the group', parseU64)
    .option('--type <number>', 'the type of the messages', parseU64)
    .option('--flags <number>', 'the flags of the messages', parseU64)
    .option('--under <command>', 'a command to put in front of the process')
    .option(
      '--wait <ms>',
      'how long to wait for open http requests after the last message (default: until they end)',
      parseWait,
    )
    .option('--json', 'print one JSON document a line for each thing that happens')
    .addHelpText('after', HELP)
    .action(async (args: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<RunOptions>();
      const { files, texts } = split(args, options);
      check(files, options);
      const source = chooseSource(texts, !options.json && options.under === undefined);
      const { planConfig, planFiles } = await import('../../src/in-process/plan.js');
      const { runInProcess } = await import('../../src/in-process/loader.js');
      const { describeWarning, loadConfig } = await import('../../src/config/load.js');
      const { makeConfig } = await import('../../src/config/make.js');
      const { Prompt } = await import('../input/prompt.js');
      const config = options.config ? loadConfig(resolve(options.config)) : makeConfig({ modules: [] });
      const modules = options.config
        ? planConfig(chooseModule(config, options.only))
        : planFiles(files, options.conf, options.abi, options.name);
      for (const warning of config.warnings.map(describeWarning)) tell(warning, 'warn');
      for (const doubt of describeMisplaced(options.conf, 'run')) tell(doubt, 'warn');
      for (const warning of modules.flatMap(({ warnings }) => warnings)) tell(warning, 'warn');
      const { RunRecord } = await import('../../src/replay/run-record.js');
      const renderer = new RunRenderer();
      const record = new RunRecord(modules);
      const start = { pid: 0, startedMs: Date.now() };
      // A debugger takes Ctrl-C for itself.
      if (options.under !== undefined) process.on('SIGINT', () => undefined);
      const ended = new AbortController();
      const prompt = source.kind === 'prompt' ? new Prompt(options) : null;
      let isRefused = false;
      const end = await runInProcess({
        modules,
        maxMessageBytes: config.maxMessageBytes,
        messages: noted(messagesOf(source, prompt, options, ended.signal), [renderer, record], config.maxMessageBytes),
        under: options.under ?? null,
        quietStdout: options.json === true,
        ...(options.wait === undefined ? {} : { waitMs: options.wait }),
        interactive: source.kind === 'texts',
        notesEnd: true,
        // A debugger talks to the terminal itself.
        ...(options.under === undefined
          ? { onOutput: (text, stream) => printForeign(text, options.json ? 'stderr' : stream) }
          : {}),
        onStart: (pid) => {
          start.pid = pid;
        },
        onEvent: (event) => {
          record.take(event, Date.now());
          const lines = renderer.render(event);
          if (event.kind === 'refused') {
            isRefused = true;
            process.exitCode = EXIT.failed;
          }
          if (prompt) return lines.length > 0 ? prompt.show(lines) : undefined;
          const line = options.json ? eventToJson(event) : lines.join('\n');
          if (options.json ? line !== null : lines.length > 0) printData(line as string);
        },
      });
      ended.abort();
      const failure = renderer.failure(end, options.under ?? null);
      if (failure === null) return;
      const isShown = isFault(end.signal) && options.under === undefined;
      const where = isShown ? describePlace(files, options, renderer.given()) : null;
      if (!isRefused) tell(where ? sentence`${failure}; ${where}` : failure, 'error');
      process.exitCode = EXIT.failed;
      // A debugger has shown the place already, and has most likely taken the signal.
      if (isRefused || (options.under !== undefined && typeof end.note === 'string')) return;
      const { Symbolizer } = await import('../../src/stacks/symbolizer.js');
      const card = await record.card(end, { ...start, diedMs: Date.now(), hung: false }, new Symbolizer());
      printData(options.json ? JSON.stringify({ event: 'crash', card }) : `\n${renderUnstored(card)}`);
    });
}

/** The same with gdb in front; the messages are those that the modules were given. */
function describePlace(files: string[], options: RunOptions, given: readonly Fed[]): Sentence {
  const { config, only, name, conf, abi, from, to, wait, id, group, type, flags } = options;
  const words = [
    ...(config ? ['--config', config] : []),
    ...(only ? ['--only', only] : []),
    ...givenOptions({ conf, abi: abi ?? null, name, from, to, wait, numbers: { id, group, type, flags } }),
    ...files,
  ];
  const payloads = given.map(({ payload }) => payload);
  return describeDebugging({ kind: 'given', words }, payloads);
}

/** With a configuration there are no files, and with --message no texts. */
function split(args: string[], { config, message }: RunOptions): { files: string[]; texts: string[] } {
  if (message.length > 0) return { files: args, texts: message };
  return config ? { files: [], texts: args } : splitArguments(args);
}

function check(files: string[], { inProcess, config, only, name, abi, conf, under }: RunOptions): void {
  if (!inProcess) throw new UsageError('run needs --in-process; to run modules in processes of their own, use "start"');
  if (files.length === 0 && !config) throw new UsageError('give the .so files of modules, or --config FILE');
  if (files.length > 0 && config) throw new UsageError('give either .so files or --config, not both');
  if (only !== undefined && !config)
    throw new UsageError('--only chooses from a configuration; give --config FILE too');
  if (config && name !== undefined) throw new UsageError('with --config the names are those of the file; use --only');
  if (name !== undefined && files.length > 1) throw new UsageError('--name is for one file');
  if (config && conf.length > 0) throw new UsageError('with --config the settings are those of the file');
  if (config && abi) throw new UsageError('with --config the ABIs are those of the file');
  const missing = under === undefined ? null : findMissingProgram(under, process.env.PATH);
  if (missing !== null)
    throw new UsageError(`${missing} is not installed; install it, for example with: apt install ${missing}`);
}

async function* messagesOf(
  source: TextSource,
  prompt: Prompt | null,
  options: RunOptions,
  ended: AbortSignal,
): AsyncGenerator<Fed> {
  const { from, to, group: groupid = 0n, type = 0n, flags = 0n } = options;
  let id = options.id ?? 1n;
  for await (const { speakers, payload } of textsOf(source, { from, to }, prompt, ended)) {
    yield { numbers: { id, groupid, type, flags }, ...speakers, payload };
    id = BigInt.asUintN(64, id + 1n);
  }
}

interface Said {
  speakers: Speakers;
  payload: Buffer;
}

async function* textsOf(
  source: TextSource,
  { from, to }: Speakers,
  prompt: Prompt | null,
  ended: AbortSignal,
): AsyncGenerator<Said> {
  if (prompt) return yield* typed(prompt, ended);
  for await (const payload of payloadsOf(source)) yield { speakers: { from, to }, payload };
}

/** What a person types, until the process has ended. */
async function* typed(prompt: Prompt, ended: AbortSignal): AsyncGenerator<Said> {
  const said = new Readable({ objectMode: true, read: () => undefined });
  const say = async (speakers: Speakers, text: string) => {
    said.push({ speakers, payload: Buffer.from(text) } satisfies Said);
  };
  void prompt.run(say, ended).then(() => said.push(null));
  yield* said;
}

/** Those that a core would take. */
async function* noted(
  messages: AsyncIterable<Fed>,
  witnesses: { note(message: Fed): void }[],
  most: number,
): AsyncGenerator<Fed> {
  for await (const message of messages) {
    if (message.payload.length > most) {
      tell(describeTooLarge(message.payload.length, most).sentence, 'error');
      process.exitCode = EXIT.failed;
      continue;
    }
    for (const witness of witnesses) witness.note(message);
    yield message;
  }
}
