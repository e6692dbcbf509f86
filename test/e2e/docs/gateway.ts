/** The page for who couples a server of his own. */

import { expect } from 'vitest';
import { exempt, file, type How, type Step, sh } from './steps.js';

const CONFIG = 'mesibo.conf';
const SOCKET: [string, string] = ['/run/mesibo-modules/gateway.sock', 'run/gateway.sock'];

/** What `nc -N -U` does, where it is not installed. */
const NC = `exec '${process.execPath}' -e '
  const socket = require("node:net").connect({ path: process.argv[1], allowHalfOpen: true });
  process.stdin.pipe(socket).pipe(process.stdout);
' "$3"`;

/** Speaks to a core by `nc`. */
export function byHand(how: How = {}): Step {
  return (block, clone) => {
    if (clone.sh('nc -h 2>&1 | grep -q OpenBSD || exit 9').status !== 0) clone.command('nc', NC);
    sh({ ...how, change: [SOCKET] })(block, clone);
  };
}

/** What the block before has printed. Outcomes of different conversations come in any order. */
const answers: Step = ({ text }, clone) => {
  const frames = (said: string) => said.split('\n').filter((line) => line.startsWith('{'));
  const version = /"core_version":"[^"]*"/;
  const [welcome = '', ...outcomes] = frames(clone.printed);
  const [shown = '', ...shownOutcomes] = frames(text);
  expect(welcome.replace(version, '')).toBe(shown.replace(version, ''));
  expect(outcomes.sort()).toEqual(shownOutcomes.sort());
};

/** What a module sends may come after an outcome; then it is printed before the next one. */
const inPython: Step = (block, clone) => {
  if (clone.sh('python3 --version || exit 9').status !== 0) return;
  const said = sh({ change: [SOCKET], prints: ["{'id': '1', 'verdict': 'pass'}", "'consumed', 'by': 'filter'}"] });
  said(block, clone);
  let printed = clone.printed;
  for (let tries = 0; !printed.includes('for alice Thank you. Your message has arrived.'); tries++) {
    expect(tries, printed).toBeLessThan(100);
    printed = clone.sh('python3 chat.py run/gateway.sock hello').stdout;
  }
};

/** A step for each of its blocks. */
export const GATEWAY: Step[] = [
  file(CONFIG),
  byHand(),
  answers,
  file('chat.py'),
  inPython,
  exempt('{"ack"', 'the sent id is one that it has; the client above acknowledges'),
  exempt('gateway_group', 'test/e2e/gateway-group.test.ts connects as members of a group'),
  exempt('usermod', 'a test changes no users'),
];
