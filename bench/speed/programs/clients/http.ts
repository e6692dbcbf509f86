/** Messages by requests of HTTP on connections that stay open, one for each in flight. Called as the client in TypeScript. */

import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { text as readText } from 'node:stream/consumers';
import { readLoad } from '../arguments.js';
import { makePayload, PLAIN_PARAMS } from '../message.js';
import { Meter } from '../meter.js';
import { tell } from '../tell.js';

const args = process.argv.slice(2);
const [socketPath = '', ...pids] = args.slice(5);
const load = readLoad(args.slice(0, 5));
const agent = new Agent({ keepAlive: true, maxSockets: load.window, maxFreeSockets: load.window });
const text = makePayload(load.bytes).toString();
const meter = new Meter(pids.map(Number), load);

function ask(): Promise<string> {
  const body = JSON.stringify({ ...PLAIN_PARAMS, text });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, agent, method: 'POST', path: '/v1/messages', headers }, (answer) => {
      readText(answer).then(resolve, reject);
    });
    asking.on('error', reject).end(body);
  });
}

async function caller(): Promise<void> {
  while (!meter.over) {
    const began = performance.now();
    const answer = await ask();
    meter.note(began);
    const { verdict, trace } = JSON.parse(answer);
    if (verdict !== 'pass' || trace[0].default !== null) throw new Error(answer);
  }
}

await Promise.all(Array.from({ length: load.window }, caller));
tell(meter.result());
process.exit(0);
