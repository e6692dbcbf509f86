/**
 * A host without a core: runs the calls that it is given with the real shim and the real module, until one of them kills
 * it. Its black box is file descriptor 3. Before the last round it prints how far that box was taken over.
 *
 * Usage: fill-box.mjs NAME PATH MAX_MESSAGE ROUNDS < calls, one encoded batch of the protocol
 */

import { readFileSync, writeSync } from 'node:fs';
import Long from 'long';
import { inspectModule, loadModule } from '../../dist/src/host-runner/module.js';
import { hideNodeSymbols } from '../../dist/src/host-runner/node-symbols.js';
import { Reports } from '../../dist/src/host-runner/reports.js';
import { HttpStarter } from '../../dist/src/host-runner/services/http-starter.js';
import { BATCH, loadShim } from '../../dist/src/host-runner/shim.js';
import { decodeCoreFrame, encodeCoreFrame } from '../../dist/src/wire/codec.js';
import { decodeReport } from '../../dist/src/wire/report.js';

const [module, path, maxMessage, rounds] = process.argv.slice(2);
const calls = decodeCoreFrame(readFileSync(0)).batch.calls;
const shim = loadShim();
if (shim.openBox(3) !== 0) throw new Error('no black box');
shim.setMaxMessage(Number(maxMessage));
const welcome = { module, path, settings: [] };
const file = inspectModule(welcome);
const host = { shim, http: new HttpStarter(shim), hiding: hideNodeSymbols(shim) };
loadModule(host, welcome, file, file.candidates[0]);

const reports = new Reports(shim);
let position = 0;
const harmless = calls.filter(({ message }) => message?.payload?.[0] !== 'k'.charCodeAt(0));

/** Makes one call, as the core would send it by itself. */
function make(call) {
  const batch = { calls: [call], acknowledged: Long.fromNumber(position, true) };
  const frame = Buffer.from(encodeCoreFrame({ batch }));
  const state = new Uint32Array(BATCH.words);
  if (shim.accept(frame, frame.length, state) !== 0) throw new Error('no batch');
  if (shim.run(frame, frame.length, state, call.message ? 0 : 1, 0xffffffff) !== 1) throw new Error('no room');
}

// All but the last round are taken over, so the ring wraps around and old records stand in it.
for (let round = 1; round < Number(rounds); round++) {
  harmless.forEach(make);
  for (let frame = reports.next(); frame !== null; frame = reports.next()) position = decodeReport(frame).position;
}
writeSync(1, `${position}\n`);
calls.forEach(make);
