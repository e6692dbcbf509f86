/** A child process of `fork`: Node's own messages, which are JSON. */

import { makePayload, PLAIN_PARAMS } from '../message.js';
import { runPeer } from './peer.js';
import { Window } from './window.js';

interface Answer {
  slot: number;
  value: number;
}

await runPeer(
  import.meta.url,
  () => {
    process.on('message', ({ slot }: Answer) => process.send?.({ slot, value: 0 } satisfies Answer));
  },
  (load, answerer) => {
    const payload = makePayload(load.bytes);
    const window = new Window(load, [process.pid, answerer.pid], (slot) => {
      // JSON has no bytes: a payload may hold any.
      answerer.process.send({ slot, params: { ...PLAIN_PARAMS }, payload: payload.toString('base64') });
    });
    answerer.process.on('message', (answer) => window.answered((answer as Answer).slot));
    return window.run();
  },
);
