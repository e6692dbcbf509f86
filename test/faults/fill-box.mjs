/**
 * A host without a core: runs the calls that it is given with the real shim and the real module, until one of them kills
 * it. Its black box is file descriptor 3. Before the last round it prints how far that box was taken over.
 *
 * Usage: fill-box.mjs NAME PATH MAX_MESSAGE ROUNDS < calls, one encoded batch of the protocol
 */

import { readFileSync, writeSync } from 'node:fs';
import { encodeCalls } from '../../dist/src/host-runner/calls.js';
import { inspectModule, loadModule } from '../../dist/src/host-runner/module.js';
import { Reports } from '../../dist/src/host-runner/reports.js';
import { HttpStarter } from '../../dist/src/host-runner/services/http-starter.js';
import { loadShim } from '../../dist/src/host-runner/shim.js';
import { decodeCoreFrame } from '../../dist/src/wire/codec.js';
import { decodeReport } from '../../dist/src/wire/report.js';

const [module, path, maxMessage, rounds] = process.argv.slice(2);
const calls = decodeCoreFrame(readFileSync(0)).batch.calls;
const shim = loadShim();
if (shim.openBox(3) !== 0) throw new Error('no black box');
shim.setMaxMessage(Number(maxMessage));
const welcome = { module, path, settings: [] };
const file = inspectModule(welcome);
loadModule(shim, new HttpStarter(shim), welcome, file, file.candidates[0]);

const reports = new Reports(shim);
let position = 0;
const pending = calls.map((call) => ({ call, notAfter: 0n }));
const harmless = pending.filter(({ call }) => call.message?.payload?.[0] !== 'k'.charCodeAt(0));

// All but the last round are taken over, so that the ring goes round and old records stand in it.
for (let round = 1; round < Number(rounds); round++) {
  const { bytes, count } = encodeCalls(harmless, harmless.length, Number.POSITIVE_INFINITY);
  if (shim.run(bytes, count, 0xffffffff) !== count) throw new Error('the black box is too small for a round');
  for (let frame = reports.next(); frame !== null; frame = reports.next()) {
    position = decodeReport(frame).position;
    shim.acknowledge(position);
  }
}
writeSync(1, `${position}\n`);
const { bytes, count } = encodeCalls(pending, pending.length, Number.POSITIVE_INFINITY);
shim.run(bytes, count, 0xffffffff);
