/** Messages through our client, from a process of their own. Called with a load, the socket, and the pids of core and host. */

import { performance } from 'node:perf_hooks';
import { GatewayClient } from 'mesibo-modules/client';
import { readLoad } from '../arguments.js';
import { makePayload, PARAMS } from '../message.js';
import { Meter } from '../meter.js';
import { tell } from '../tell.js';

const args = process.argv.slice(2);
const [path = '', ...pids] = args.slice(5);
const load = readLoad(args.slice(0, 5));
const client = new GatewayClient({ path, server: 'bench' });
await new Promise((resolve) => client.once('up', resolve));
const meter = new Meter(pids.map(Number), load);
const payload = makePayload(load.bytes);

async function caller(): Promise<void> {
  while (!meter.over) {
    const began = performance.now();
    const { reason } = await client.message(PARAMS, payload);
    meter.note(began);
    if (reason !== null) throw new Error(`a default verdict: ${reason}`);
  }
}

await Promise.all(Array.from({ length: load.window }, caller));
tell(meter.result());
process.exit(0);
