/** Messages as lines of JSON from another process: a server without a client library. Called as the client in TypeScript. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { readLoad } from '../arguments.js';
import { makePayload, PLAIN_PARAMS } from '../message.js';
import { Meter } from '../meter.js';
import { tell } from '../tell.js';

const args = process.argv.slice(2);
const [path = '', ...pids] = args.slice(5);
const load = readLoad(args.slice(0, 5));
const socket = connect(path);
const say = (frame: object) => socket.write(`${JSON.stringify(frame)}\n`);
const began = new Map<string, number>();
const text = makePayload(load.bytes).toString();
let lastId = 0;
say({ hello: { version_min: 1, version_max: 1, server: 'bench' } });
const lines = createInterface({ input: socket });
await once(lines, 'line');
const meter = new Meter(pids.map(Number), load);

function ask(): void {
  const id = `${++lastId}`;
  began.set(id, performance.now());
  say({ event: { id, message: { params: PLAIN_PARAMS, text } } });
}

lines.on('line', (line) => {
  const { outcome } = JSON.parse(line);
  const at = began.get(outcome?.id);
  if (at === undefined || outcome.verdict !== 'pass' || outcome.default_reason) throw new Error(line);
  began.delete(outcome.id);
  meter.note(at);
  if (meter.over) {
    tell(meter.result());
    process.exit(0);
  }
  ask();
});
for (let i = 0; i < load.window; i++) ask();
