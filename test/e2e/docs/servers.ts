/** docs/servers.md: the same chat server in three languages, with a real core and with users that connect by TCP. */

import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import type { Clone } from './clone.js';
import { portOf } from './port.js';
import { exempt, file, type Step, sh } from './steps.js';

/** The word that the filter blocks passes once: while there is no core. */
const PRINTS = 'alice: hello, alice: goodbye, alice: what the heck\n';
const USERS = readFileSync(new URL('chat-users.mjs', import.meta.url), 'utf8');

/** A server in a file, which users talk to where its language is installed. */
function server(name: string, build: string, run: string, needs: string): Step {
  return (block, clone) => {
    clone.write('users.mjs', USERS);
    file(name, {
      change: [
        ['7000', portOf(clone)],
        ['/run/mesibo-modules', 'run'],
      ],
    })(block, clone);
    if (clone.sh(`${needs} > /dev/null 2>&1 || exit 9`).status !== 0) {
      console.warn(`docs/servers.md: ${name} is not run, because "${needs}" fails here`);
      return;
    }
    talk(clone, build, run);
  };
}

function talk(clone: Clone, build: string, run: string): void {
  onTestFinished(() => {
    clone.sh('kill $(cat started) 2> /dev/null || true');
  });
  const begin = `${run} > server.log 2>&1 & echo $! > started`;
  const said = clone.sh([build, begin, 'node users.mjs', 'kill $(cat started)'].join('\n'));
  expect(said, clone.sh('cat server.log').stdout).toEqual({ status: 0, stdout: PRINTS, stderr: '' });
}

/** A step for each of its blocks. */
export const SERVERS: Step[] = [
  exempt('npm run bench', 'it takes minutes; test/unit/bench knows the rows'),
  file('mesibo.conf'),
  sh(),
  server('chat.mjs', ':', 'node chat.mjs', 'node --version'),
  server('chat.py', ':', 'python3 chat.py', 'python3 --version'),
  server('chat.go', 'GOCACHE=$PWD/go-cache GO111MODULE=off go build -o chat-go chat.go', './chat-go', 'go version'),
];
