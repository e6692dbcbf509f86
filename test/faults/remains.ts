/** Real black boxes: written by the real shim and a real module, in a process that then killed itself. */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Long from 'long';
import { makeBox } from '../../src/supervisor/runner/local/black-box/box-file.js';
import { BOX } from '../../src/wire/black-box.js';
import { encodeCoreFrame } from '../../src/wire/codec.js';
import { toWireParams } from '../../src/wire/params.js';
import type { EventParts } from '../helpers/calls.js';
import { seeded } from '../helpers/random.js';
import { BOX_BYTES, MAX_MESSAGE_BYTES, type Remains } from './burial.js';
import { built } from './scene.js';

/** Calls in a box, and the one among them, counted from 0, that ends the host. */
export const CALLS = 60;
export const KILLER = 45;

/** A mixed load: messages of every length, statuses, and the message that kills. */
export function makeCalls(seed: number): EventParts[] {
  const next = seeded(seed);
  return Array.from({ length: CALLS }, (_, i): EventParts => {
    const params = toWireParams({ id: i, from: 'alice', to: 'bob', expiry: next(5) });
    if (i !== KILLER && next(5) === 0) return { status: params };
    const text = i === KILLER ? 'kill' : 'message '.repeat(next(10) === 0 ? next(1000) : next(20));
    return { message: { params, payload: Buffer.from(text) } };
  });
}

/** Has a host die in the middle of these calls, after as many rounds of the others; its remains are read as they are. */
export function leaveRemains(calls: EventParts[], rounds: number): Remains {
  const box = makeBox('/dev/shm', { runId: randomBytes(8).toString('hex'), module: 'busy', generation: 1 }, BOX_BYTES);
  try {
    const script = fileURLToPath(new URL('fill-box.mjs', import.meta.url));
    const args = [script, 'busy', built('busy.so'), `${MAX_MESSAGE_BYTES}`, `${rounds}`];
    const batch = calls.map((call, i) => ({ ...call, seq: Long.fromNumber(i + 1, true) }));
    const { signal, stdout, stderr } = spawnSync(process.execPath, args, {
      input: encodeCoreFrame({ batch: { calls: batch } }),
      stdio: ['pipe', 'pipe', 'pipe', box.fd],
    });
    if (signal !== 'SIGKILL') throw new Error(`the host was not killed: ${stderr}`);
    const header = Buffer.alloc(BOX.headerBytes);
    const ring = Buffer.alloc(box.ringSize);
    readSync(box.fd, header, 0, header.length, 0);
    readSync(box.fd, ring, 0, ring.length, BOX.ringOffset);
    return { header, ring, taken: Number(stdout), calls };
  } finally {
    box.close();
  }
}
