/** How fast the core posts messages of a module to a server in Node on this machine: one at a time, to keep their order. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Core, makeConfig } from 'mesibo-modules';
import { AUTOREPLY_MODULE } from '../../paths.js';
import { cpuMicros } from '../cpu.js';
import { tell } from '../tell.js';

const WARM = 1000;
const MESSAGES = 3000;

if (process.argv[2] === 'receiver') receive();
else await measure();

function receive(): void {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

async function measure(): Promise<void> {
  const receiver = fork(fileURLToPath(import.meta.url), ['receiver']);
  const [port] = await once(receiver, 'message');
  const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
  const webhookSecret = join(directory, 'secret');
  writeFileSync(webhookSecret, 'a-secret-of-the-bench\n');
  chmodSync(webhookSecret, 0o600);
  const module = { name: 'autoreply', path: AUTOREPLY_MODULE, abi: 'exports-2020', deadlineMs: 60_000 } as const;
  const config = makeConfig({ webhook: `http://127.0.0.1:${port}/`, webhookSecret, modules: [module] });
  const core = new Core(config, { runDir: join(directory, 'run'), stateDir: join(directory, 'state') });
  await core.start();
  await post(core, WARM, WARM);
  const beganMs = performance.now();
  const cpuBefore = cpuMicros(process.pid);
  await post(core, MESSAGES, WARM + MESSAGES);
  const seconds = (performance.now() - beganMs) / 1000;
  const cpu = (cpuMicros(process.pid) - cpuBefore) / MESSAGES;
  tell({ rate: MESSAGES / seconds, cpu });
  await core.stop();
  receiver.kill();
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
}

/** Has the module send so many, and waits until so many were posted in all. */
async function post(core: Core, count: number, posted: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await core.onMessage({ from: 'alice', to: 'bob', id: BigInt(i + 1) }, Buffer.from('x'));
  while ((core.status().sends?.delivered ?? 0) < posted) await setTimeout(5);
}
