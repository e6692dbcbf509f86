/** docs/webhook.md: its receivers get what a module of a real core sends, and take nothing that anybody else has signed. */

import { expect, onTestFinished } from 'vitest';
import type { Clone } from './clone.js';
import { portOf } from './port.js';
import { exempt, file, type Step, sh } from './steps.js';

const onPort =
  (name: string, after = ''): Step =>
  (block, clone) =>
    file(name, { change: [['8080', portOf(clone)]], after })(block, clone);

/** Posts what it is not to take: each is answered with 401. */
const FORGE = `
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
const [secret, port] = ['webhook.secret', 'port'].map((name) => readFileSync(name, 'utf8').trim());
const now = Math.floor(Date.now() / 1000);
const body = '{"module":"m","params":{"to":"forged"},"message":"x"}';
const post = async ({ key = secret, id = 'a', at = now, signed = body, signature }) => {
  const hmac = createHmac('sha256', key).update(id + '.' + at + '.' + signed).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature ?? 'v1,' + hmac };
  const { status } = await fetch('http://127.0.0.1:' + port + '/from-modules', { method: 'POST', headers, body });
  return status;
};
const forged = [{ key: 'x' }, { signed: '{}' }, { at: now - 3600 }, { at: now + 3600 }, { at: 'soon' }, { signature: '' }, { signature: 'v2,x' }];
const statuses = [];
for (const one of forged) statuses.push(await post(one));
console.log('forged', statuses.join(' '), 'and true', await post({}));
process.exit(0);
`;
const REFUSED = `forged ${Array(7).fill(401).join(' ')} and true 204`;
const ANSWER = 'autoreply to alice: Thank you. Your message has arrived.';

/** Waits for a line of what a receiver has printed. */
const waitFor = (text: string, receiver: string) =>
  `timeout 30 tail --pid=$(cat started) -n +1 -F ${receiver}.log 2> /dev/null | grep -m1 '${text}'`;
const begin = (program: string, receiver: string) => `${program} > ${receiver}.log 2>&1 & echo $! > started`;

function endReceiver(clone: Clone): void {
  onTestFinished(() => {
    clone.sh('kill $(cat started) 2> /dev/null || true');
  });
}

const inNode: Step = (block, clone) => {
  endReceiver(clone);
  clone.write('forge.mjs', FORGE);
  sh({
    change: [['node receiver.mjs &', begin('node receiver.mjs', 'node')]],
    after: `${waitFor('autoreply', 'node')}\nnode forge.mjs\nkill $(cat started)`,
    prints: [ANSWER, REFUSED],
  })(block, clone);
};

/** The core goes on, and finds the next receiver at the same port. */
const inPython: Step = (block, clone) => {
  onPort('receiver.py')(block, clone);
  if (clone.sh('python3 --version || exit 9').status !== 0) return;
  endReceiver(clone);
  const said = clone.sh(
    [begin('python3 receiver.py', 'python'), 'mesibo-modules send --from alice --to bob hello']
      .concat(waitFor('autoreply', 'python'), 'node forge.mjs', 'kill $(cat started)')
      .join('\n'),
  );
  expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining(ANSWER) });
  expect(said.stdout).toContain(REFUSED);
};

/** A step for each of its blocks. */
export const WEBHOOK: Step[] = [
  sh({ after: 'stat -c %a webhook.secret', prints: ['600'] }),
  onPort('mesibo.conf'),
  onPort('receiver.mjs'),
  inNode,
  exempt('{', 'test/integration/webhook compares each field with what is posted'),
  inPython,
  sh({ prints: [/^webhook +/m] }),
];
