/** docs/clients.md and the page of the C client: both clients with a core that was started from the command line. */

import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { file, type Step, sh } from './steps.js';

const CONFIG = 'mesibo.conf';
const BRIDGES = `mkdir -p bridges && cp -r '${join(PACKAGE_ROOT, 'bridges/c')}' bridges`;
/** What the filter lets through, and what the other module answers. The two do not wait for each other. */
const PRINTS = [/consumed by filter/, /to bob: hello/];

export const CLIENTS: Step[] = [
  file(CONFIG),
  sh(),
  file('server.mjs', {
    change: [['/run/mesibo-modules', 'run']],
    // The page's server runs on; here it ends when it has delivered the answer.
    after: `sed 's|// deliver it|void client.close();|' server.mjs > ending.mjs
node ending.mjs > printed
grep -c 'to alice: ' printed
cat printed`,
    prints: ['1', ...PRINTS],
    says: /^$/,
  }),
  file('server.c', { change: [['/run/mesibo-modules', 'run']] }),
  sh({
    before: BRIDGES,
    after: './server | grep -c "to alice: "',
    prints: [...PRINTS, /to alice: Thank you/, '1'],
    says: /^$/,
  }),
  file('loop.c', { change: [['/run/mesibo-modules', 'run']] }),
  sh({
    // More than the queue holds and the core takes at a time: they come out as they went in.
    after: `seq 1500 > numbers
./loop < numbers | sed 's/^to bob: //' | cmp - numbers && echo the same`,
    prints: [...PRINTS, 'the same'],
    says: /^$/,
  }),
];

export const C_CLIENT: Step[] = [
  sh({
    before: `${BRIDGES}\ncd bridges/c`,
    after: 'echo "alice bob hello" | ./example no.sock',
    prints: ['alice to bob: hello'],
    says: /^mesibo-modules: 1 event has the default verdict \(pass\): unreachable: no core listens at no.sock/,
  }),
];
