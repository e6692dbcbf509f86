import { basename } from 'node:path';
import { isatty } from 'node:tty';
import { type Command, Option } from 'commander';
import { ABI_NAMES, type AbiName } from '../../src/config/types.js';
import { SupervisorError } from '../../src/errors.js';
import { escapeControl } from '../../src/logs/format.js';
import type { Give, TryEvent } from '../../src/throwaway/try-module.js';
import { collectPairs, parseWait } from '../input/options.js';
import type { Speakers } from '../input/prompt.js';
import { linesOfStdin } from '../input/stdin-lines.js';
import { renderText } from '../render/message.js';
import { renderTry, tryToJson } from '../render/try.js';
import { EXIT, printData, UsageError } from '../terminal/io.js';
import { hideProgress, showProgress } from '../terminal/progress.js';

interface TryOptions {
  name?: string;
  abi?: AbiName;
  conf: [string, string][];
  set: [string, string][];
  from: string;
  to: string;
  wait: number;
  json?: boolean;
}

/** `try`: what a module does, without a configuration and without a core. */
export function addTry(program: Command): void {
  program
    .command('try')
    .description('run one module file by itself, and show what it does with messages; no configuration is needed')
    .argument('<so-file>', 'the .so file of the module')
    .argument('[text...]', 'messages; without one, lines of standard input, or a prompt on a terminal')
    .option('--conf <key=value>', "one of the module's own settings, as often as needed", collectPairs, [])
    .option('--set <key=value>', 'one of our settings, such as deadline=5s or hang=off', collectPairs, [])
    .addOption(new Option('--abi <abi>', 'the ABI, if the file does not tell').choices(ABI_NAMES))
    .option('--name <name>', 'the name of the module, if the file has several')
    .option('--from <address>', 'who sends', 'alice')
    .option('--to <address>', 'who receives', 'bob')
    .option('--wait <ms>', 'how long to watch for what the module still does after a message', parseWait, 200)
    .option('--json', 'print one JSON document a line')
    .action(async (file: string, texts: string[], options: TryOptions) => {
      const interactive = texts.length === 0 && isatty(0) && isatty(1) && !options.json;
      if (texts.length === 0 && isatty(0) && !interactive) {
        throw new UsageError('no message: give TEXT, or lines on standard input');
      }
      const { tryModule } = await import('../../src/throwaway/try-module.js');
      const { Prompt } = await import('../input/prompt.js');
      const interrupt = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.once(signal, () => interrupt.abort(new SupervisorError('ILLEGAL_STATE', `${signal}: it was ended`)));
      }
      const prompt = interactive ? new Prompt(options) : null;
      let endProgress = showProgress(async () => `try: waiting for ${basename(file)} to start`);
      const onEvent = (event: TryEvent) => {
        if (event.kind === 'ready') endProgress();
        hideProgress();
        if (!options.json && prompt) return prompt.show(renderTry(event));
        const lines = options.json ? [tryToJson(event) ?? []].flat() : renderTry(event);
        if (lines.length > 0) printData(lines.join('\n'));
      };
      const { name = null, abi = null, conf: config, set: settings } = options;
      const giveAll = async (give: Give) => {
        if (prompt) {
          const say = ({ from, to }: Speakers, text: string) => give({ from, to, id: nextId() }, Buffer.from(text));
          await prompt.run(say, interrupt.signal);
        } else {
          await feed(texts, options, give, interrupt.signal);
        }
        endProgress = showProgress(async () => `try: waiting for ${basename(file)} to end`);
      };
      const tried = { file, name, abi, config, settings };
      try {
        if (!(await tryModule(tried, giveAll, onEvent, interrupt.signal))) process.exitCode = EXIT.failed;
      } finally {
        endProgress();
      }
    });
}

let lastId = 0n;

function nextId(): bigint {
  lastId += 1n;
  return lastId;
}

/** One after the other. What was typed is waited after each; lines may be many, and are waited for at their end. */
async function feed(texts: string[], options: TryOptions, give: Give, signal: AbortSignal): Promise<void> {
  const { from, to, wait, json } = options;
  const pause = () => new Promise((resolve) => setTimeout(resolve, signal.aborted ? 0 : wait));
  for await (const payload of texts.length > 0 ? texts.map((text) => Buffer.from(text)) : linesOfStdin()) {
    if (signal.aborted) return;
    if (!json) printData(`${escapeControl(`${from} to ${to}`)}: ${renderText(payload)}`);
    await give({ from, to, id: nextId() }, payload);
    if (texts.length > 0) await pause();
  }
  if (texts.length === 0) await pause();
}
