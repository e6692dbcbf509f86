import type { Command } from 'commander';
import { directoriesOf, type GlobalOptions, parseU64, parseWait, readPayload } from '../input/options.js';
import { outcomeToJson, renderOutcome, renderSent, sentToJson } from '../render/message.js';
import { printData, tell } from '../terminal/io.js';

interface SendOptions extends GlobalOptions {
  from: string;
  to: string;
  id?: bigint;
  group?: bigint;
  type?: bigint;
  flags?: bigint;
  file?: string;
  wait: number;
  json?: boolean;
}

/** `send`: hands a message to the chain and prints what became of it. */
export function addSend(program: Command): void {
  program
    .command('send')
    .description('send a message through the chain; prints the verdict, then what modules send')
    .argument('[text]', 'the message; without it, --file or standard input')
    .requiredOption('--from <address>', 'the sender (required)')
    .requiredOption('--to <address>', 'the recipient (required)')
    .option('--id <number>', 'the id of the message', parseU64)
    .option('--group <number>', 'the id of the group', parseU64)
    .option('--type <number>', 'the type of the message', parseU64)
    .option('--flags <number>', 'the flags of the message', parseU64)
    .option('--file <file>', 'send the content of a file')
    .option('--wait <ms>', 'how long to watch for messages that modules send', parseWait, 200)
    .option('--json', 'print one JSON document a line: the outcome, then each message that a module sent')
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<SendOptions>();
      const { runDir } = directoriesOf(options);
      const payload = await readPayload(text, options.file);
      const { from, to, id = 0n, group: groupid = 0n, type = 0n, flags = 0n, wait: waitMs } = options;
      const { ControlClient } = await import('../../src/control/client/client.js');
      const client = await ControlClient.connect(runDir);
      try {
        const params = { from, to, id, groupid, type, flags };
        for await (const event of client.send({ params, payload, waitMs })) {
          if (event.kind === 'outcome') {
            printData(options.json ? outcomeToJson(event.outcome) : renderOutcome(event.outcome, payload));
          } else if (event.kind === 'missed') {
            tell(
              event.count === 1
                ? '1 message that a module sent is not shown: messages came faster than they could be printed'
                : `${event.count} messages that modules sent are not shown: they came faster than they could be printed`,
            );
          } else {
            printData(options.json ? sentToJson(event.sent) : renderSent(event.sent));
          }
        }
      } finally {
        client.close();
      }
    });
}
