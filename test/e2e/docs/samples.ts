/** The README of each sample: it is built and tried as that says, and prints what that lets expect. */

import { readPage } from '../../helpers/doc-blocks.js';
import { type How, type Step, sh } from './steps.js';

/** No service listens there, whoever may listen on the port of the page. */
const NO_SERVICE: How['change'] = [['127.0.0.1:8080', '127.0.0.1:1']];

const HOW: Record<string, How> = {
  autoreply: { prints: ['sends, from bob to alice: I am away until tomorrow.', expected('autoreply')] },
  chatbot: {
    change: NO_SERVICE,
    prints: [
      expected('chatbot'),
      'sends, from bob to alice: Sorry, I cannot answer right now. Please try again later.',
    ],
  },
  crashy: {
    status: 1,
    prints: ['logs: about to write to address 0', 'SIGSEGV while executing on_message', '= pass by default'],
  },
  filter: { prints: [expected('filter')] },
  reminder: { prints: [expected('reminder'), 'sends, from reminder to alice: wake up'] },
  skeleton: { prints: ['logs: on_config: trace = yes', 'logs: on_message: alice to bob', expected('skeleton')] },
  translate: { change: NO_SERVICE, prints: [expected('translate'), 'sends, from alice to bob: good morning'] },
};
const MORE: Record<string, Step[]> = {
  skeleton: [
    sh({ after: 'cat modules/greeter/README.md', prints: ['module greeter is ready', '= pass', '# greeter'] }),
  ],
};

export const SAMPLES: Record<string, Step[]> = Object.fromEntries(
  Object.entries(HOW).map(([name, how]) => [
    `modules/${name}/README.md`,
    [sh({ before: `rm modules/build/module_${name}.so`, ...how }), ...(MORE[name] ?? [])],
  ]),
);

/** The verdict that a README promises, as it is printed. */
function expected(name: string): string {
  const [, verdict] = /^Expect the verdict `(\w+)`/m.exec(readPage(`modules/${name}/README.md`)) ?? [];
  return `= ${verdict}, after`;
}
