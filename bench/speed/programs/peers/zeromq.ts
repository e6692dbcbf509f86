/** zeromq.js alone: one ready-made frame a message, and no protobuf. */

import { Dealer, Router } from 'zeromq';
import { ANSWER_BYTES, FRAME_BYTES, makePayload } from '../message.js';
import { runPeer } from './peer.js';
import { Sender } from './sender.js';
import { Window } from './window.js';

// As our own sockets: nothing is dropped, and nothing waits for a peer that is gone.
const OPTIONS = { linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 };

await runPeer(
  import.meta.url,
  (path) => {
    void answer(path);
  },
  async (load, answerer, path) => {
    const router = new Router({ ...OPTIONS, mandatory: true });
    await router.bind(`ipc://${path}`);
    // The answerer's greeting: from now on it can be reached.
    const [identity] = (await router.receive()) as [Buffer, Buffer];
    const payload = makePayload(load.bytes);
    const sender = new Sender((parts: Buffer[]) => router.send(parts));
    const window = new Window(load, [process.pid, answerer.pid], (slot) => {
      const frame = Buffer.allocUnsafe(FRAME_BYTES + payload.length);
      frame.writeUInt32LE(slot, 0);
      payload.copy(frame, FRAME_BYTES);
      sender.send([identity, frame]);
    });
    const result = window.run();
    void (async () => {
      for (;;) {
        const [, verdict] = (await router.receive()) as [Buffer, Buffer];
        window.answered(verdict.readUInt32LE(0));
      }
    })();
    return result;
  },
);

async function answer(path: string): Promise<void> {
  const dealer = new Dealer(OPTIONS);
  dealer.connect(`ipc://${path}`);
  const sender = new Sender((frame: Buffer) => dealer.send(frame));
  sender.send(Buffer.alloc(ANSWER_BYTES));
  for (;;) {
    const [frame] = (await dealer.receive()) as [Buffer];
    const verdict = Buffer.alloc(ANSWER_BYTES);
    verdict.writeUInt32LE(frame.readUInt32LE(0), 0);
    sender.send(verdict);
  }
}
