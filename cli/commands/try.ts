import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { describeMisplaced } from '../../src/config/misplaced.js';
import { ABI_NAMES, type AbiName } from '../../src/config/types.js';
import { describeDebugging, isFault } from '../../src/debug-command.js';
import { MessageError, SupervisorError } from '../../src/errors.js';
import { escapeControl } from '../../src/escape-control.js';
import type { Trial, TryEvent } from '../../src/throwaway/try-module.js';
import { givenOptions, SPEAKERS } from '../input/given-options.js';
import { collectPairs, parseWait } from '../input/options.js';
import type { Speakers } from '../input/prompt.js';
import { chooseSource, collectTexts, payloadsOf, type TextSource } from '../input/texts.js';
import { PATIENCE_MS, QUIET_MS, watchTrial } from '../input/watch-trial.js';
import { renderText } from '../render/message.js';
import { renderTry, tryToJson } from '../render/try.js';
import { INTERRUPTS } from '../terminal/interrupts.js';
import { asTyped, EXIT, InterruptError, printData, tell } from '../terminal/io.js';
import { hideProgress, showProgress } from '../terminal/progress.js';
import { renderUnstored } from './crashes/show-card.js';

interface TryOptions {
  name?: string;
  abi?: AbiName;
  conf: [string, string][];
  set: [string, string][];
  from: string;
  to: string;
  message: string[];
  wait?: number;
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
    .option('--message <text>', 'a message, as TEXT is; may be repeated', collectTexts, [])
    .option('--from <address>', 'who sends', SPEAKERS.from)
    .option('--to <address>', 'who receives', SPEAKERS.to)
    .option(
      '--wait <ms>',
      `how long to watch the module after each message (default: ${QUIET_MS}, and on while an http request is open, up to ${PATIENCE_MS})`,
      parseWait,
    )
    .option('--json', 'print one JSON document a line')
    .action(async (file: string, texts: string[], options: TryOptions) => {
      const source = chooseSource([...texts, ...options.message], !options.json);
      for (const doubt of describeMisplaced(options.conf, 'try')) tell(doubt, 'warn');
      const { tryModule } = await import('../../src/throwaway/try-module.js');
      const { Prompt } = await import('../input/prompt.js');
      const interrupt = new AbortController();
      for (const signal of INTERRUPTS) {
        process.once(signal, () => interrupt.abort(new InterruptError(signal, `${signal}: it was ended`)));
      }
      const prompt = source.kind === 'prompt' ? new Prompt(options) : null;
      let endProgress = showProgress(async () => `try: waiting for ${basename(file)} to start`);
      /** Since the module was last started. */
      let given: Buffer[] = [];
      const debugging = (signal: string | null) => {
        const texts = given;
        given = [];
        return isFault(signal) ? [`    ${asTyped(describePlace(file, options, texts))}`] : [];
      };
      const onEvent = (event: TryEvent) => {
        if (event.kind === 'ready') endProgress();
        hideProgress();
        const shown = [
          ...renderTry(event),
          ...(event.kind === 'died' ? debugging(event.event.signal) : []),
          ...(event.kind === 'crash' ? [`\n${renderUnstored(event.card)}\n`] : []),
        ];
        if (!options.json && prompt) return prompt.show(shown);
        const lines = options.json ? [tryToJson(event) ?? []].flat() : shown;
        if (lines.length > 0) printData(lines.join('\n'));
      };
      const { name = null, abi = null, conf: config, set: settings } = options;
      const watch = (trial: Trial) => watchTrial(trial, options.wait ?? null, interrupt.signal);
      const attempt = async ({ give, openRequests }: Trial) => {
        const trial: Trial = {
          openRequests,
          give: (params, payload) => {
            const texts = given;
            texts.push(payload);
            return give(params, payload).catch((error) => {
              texts.splice(texts.indexOf(payload), 1);
              throw error;
            });
          },
        };
        if (prompt) {
          const say = ({ from, to }: Speakers, text: string) =>
            trial.give({ from, to, id: nextId() }, Buffer.from(text));
          await prompt.run(say, interrupt.signal);
          await watch(trial);
        } else {
          await feed(source, options, trial, watch, interrupt.signal);
        }
        endProgress = showProgress(async () => `try: waiting for ${basename(file)} to end`);
      };
      const tried = { file, name, abi, config, settings };
      try {
        if (!(await tryModule(tried, attempt, onEvent, interrupt.signal))) process.exitCode = EXIT.failed;
      } catch (error) {
        endProgress();
        const { signal = null } = error instanceof SupervisorError ? error : {};
        for (const line of debugging(signal)) tell(line.trim());
        throw error;
      } finally {
        endProgress();
      }
    });
}

/** The line that shows where it crashed, with the settings that it was tried with. */
function describePlace(file: string, { conf, abi, name, from, to, wait }: TryOptions, given: readonly Buffer[]) {
  const options = givenOptions({ conf, abi: abi ?? null, name, from, to, wait });
  return describeDebugging({ kind: 'given', words: [...options, file] }, given);
}

/** Of a text that is given, in characters. */
const LONGEST_SHOWN = 1000;

let lastId = 0n;

function nextId(): bigint {
  lastId += 1n;
  return lastId;
}

/** Gives the messages one after the other. Watches the module after each text, or after the last line: lines may be many. */
async function feed(
  source: TextSource,
  { from, to, json }: TryOptions,
  trial: Trial,
  watch: (trial: Trial) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const isEachWatched = source.kind === 'texts';
  for await (const payload of payloadsOf(source)) {
    if (signal.aborted) return;
    if (!json) printData(`${escapeControl(`${from} to ${to}`)}: ${shorten(payload)}`);
    try {
      await trial.give({ from, to, id: nextId() }, payload);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      tell(error.sentence, 'error');
      process.exitCode = EXIT.failed;
      continue;
    }
    if (isEachWatched) await watch(trial);
  }
  if (!isEachWatched) await watch(trial);
}

/** Who gave it knows a long text. */
function shorten(payload: Buffer): string {
  const text = renderText(payload);
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}... (${payload.length} bytes)`;
}
