/** docs/debugging-modules.md: from a crash to the build that lives, with a real core, and with what the commands really print. */

import { expect } from 'vitest';
import type { Block } from '../../helpers/doc-blocks.js';
import type { Clone } from './clone.js';
import { type Step, sh } from './steps.js';

const CONFIG = 'mesibo.conf';
const LOG = 'run/state/logs/modules/crashy.log';

/** Waits for a line in the log of the module, such as the one that is written when a card is finished. */
export const waitForLog = (words: string) =>
  `timeout 30 tail -n +1 -F ${LOG} 2> /dev/null | grep -m1 -o '${words}' > /dev/null || { echo 'the log does not say: ${words}'; exit 1; }`;

/** While the next process starts, `status` says that something is wrong. */
export const SERVES_AGAIN = waitForLog('"generation":2.*ready in');

/** What differs each time: when it was, how long it took, numbers of processes, addresses, and where the clone is. */
const VARIABLE: [what: RegExp, name: string][] = [
  [/crashy-\d{8}T\d{6}Z-\d+/g, 'ID'],
  [/crashy-[0-9a-f]{12}\b/g, 'ID'],
  [/\d+ us\b/g, 'TIME'],
  [/\d+[smh](?: \d+s)? ago/g, 'AGO'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'WHEN'],
  [/thread \d+/g, 'thread N'],
  [/0x[0-9a-f]{6,}/g, 'ADDRESS'],
  [/(?<= at )\/\S*\/modules\/(?=crashy\/)/g, ''],
  [/ +/g, ' '],
];
const timeless = (text: string) => VARIABLE.reduce((rest, [what, name]) => rest.replaceAll(what, name), text);

/** The part of what the block before has printed. `can`: a command that has to work here, or else nothing was printed. */
function shown(can = 'true'): Step {
  return ({ language, text }: Block, clone: Clone) => {
    expect(language).toBe('');
    const { printed } = clone;
    if (clone.sh(`${can} > /dev/null`).status === 0) expect(timeless(printed)).toContain(timeless(text).trim());
    clone.printed = printed;
  };
}

const configuration: Step = (block, clone) => {
  expect(block.language).toBe('');
  clone.write(CONFIG, block.text);
};

const GDB = 'gdb --version';
const VALGRIND = 'valgrind --version';
const STACKS = 'eu-stack --version || gdb --version';

/** A step for each of its blocks. */
export const DEBUGGING: Step[] = [
  configuration,
  sh({ before: 'rm modules/build/module_crashy.so', prints: ['by default: crash'] }),
  shown(),
  sh({
    before: `${waitForLog('crashed in crashy_on_message at crashy.c:[0-9]*')}\n${SERVES_AGAIN}`,
    prints: [
      /^crashy +(?:serving|starting|backoff) /m,
      'its last crash was in crashy_on_message at crashy.c:',
      'SIGSEGV',
    ],
  }),
  shown(),
  sh({ prints: ['The message', 'The log before', 'The calls before', 'The process', 'What to try'] }),
  shown(),
  sh({ prints: ['The bodies', 'crash now'] }),
  sh({ prints: ['died again at the same place'] }),
  shown(),
  (block, clone) => {
    // Each debugger by itself: only the last output is compared.
    const [gdb, valgrind] = block.text.trim().split('\n') as [string, string];
    const line = (text: string): Block => ({ ...block, text: `${text}\n` });
    sh({ where: [{ line: valgrind, can: VALGRIND, prints: 'died again at the same place' }] })(line(valgrind), clone);
    sh({ where: [{ line: gdb, can: GDB, prints: 'died again at the same place' }] })(line(gdb), clone);
  },
  shown(GDB),
  sh({ prints: ['by default: quarantine', 'WITHHELD'] }),
  shown(),
  sh({ after: 'cat modules/crashy/crashy.c', prints: ['if (nowhere) *nowhere = 1;'] }),
  sh({ status: 1, prints: ['did not die again'] }),
  shown(),
  (block, clone) => {
    sh({ after: 'npx mesibo-modules quarantine', prints: [/^ *crashy +pass /m, 'lifted'] })(block, clone);
    expect(clone.printed).not.toContain('by default');
  },
  sh({
    change: [['sleep 3', waitForLog('hung .*see: mesibo-modules crashes show')]],
    where: [
      { line: 'npx mesibo-modules crashes show', can: STACKS, prints: 'Module crashy hung in crashy_on_message at' },
    ],
    prints: ['by default: deadline'],
  }),
  shown(STACKS),
  sh({
    status: 1,
    prints: ['because of: crash', 'Module crashy crashed in crashy_on_message at crashy.c:', 'SIGABRT'],
  }),
];
