/** Servers that read slowly: only a server that reads nothing at all is cut off. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayRig } from '../../helpers/gateway-rig.js';

const MIB = 1024 * 1024;
const LIMITS = { stalledMs: 2500 };

it('a server that reads steadily and slowly is not cut off, however much waits for it', async () => {
  const rig = await GatewayRig.start({}, { ...LIMITS, pauseBytes: 16 * MIB });
  const { socket } = await rig.join({ takesSends: true, window: 1000 });
  const payload = Buffer.alloc(MIB);
  for (let i = 0; i < 8; i++) rig.sends.send({ sentId: `s${i}`, payload });
  const startMs = performance.now();
  let bytes = 0;
  while (bytes < 8 * MIB && !socket.destroyed && !socket.readableEnded) {
    bytes += (socket.read() as Buffer | null)?.length ?? 0;
    // Slowly for longer than it may read nothing. Meanwhile it reads a part of what was written at once.
    await sleep(performance.now() - startMs < 8000 ? 200 : 1);
  }
  expect(rig.warnings).toEqual([]);
  expect(bytes).toBeGreaterThan(8 * MIB);
});

it('a server that acknowledges earlier sends is not cut off, and one that only writes is', async () => {
  const rig = await GatewayRig.start({}, LIMITS);
  const server = await rig.join({ takesSends: true, window: 1000 });
  for (let i = 0; i < 40; i++) rig.sends.send({ sentId: `s${i}` });
  for (let i = 0; i < 40; i++) await server.sent();
  for (let i = 0; i < 4; i++) rig.sends.send({ sentId: `big${i}`, payload: Buffer.alloc(MIB) });
  for (let i = 0; i < 20; i++) {
    server.say({ kind: 'ack', sentIds: [`s${i}`], refused: false });
    await sleep(300);
  }
  expect(rig.warnings).toEqual([]);
  const writer = setInterval(() => server.say({ kind: 'ack', sentIds: ['s0'], refused: false }), 100);
  onTestFinished(() => clearInterval(writer));
  await expect
    .poll(() => rig.warnings, { timeout: 30_000, interval: 100 })
    .toEqual(['gateway: server chat was cut off, because it read nothing for 2.5 seconds']);
});
