import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlClient } from '../../../src/control/client/client.js';
import { CommandLine } from '../../helpers/command.js';

let directory: string;
let runDir: string;
let server: Server;
let sockets: Socket[];
let client: ControlClient | null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'foreign-'));
  runDir = directory;
  sockets = [];
  client = null;
});
afterEach(() => {
  client?.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  rmSync(directory, { recursive: true });
});

/** A listener that is not a core, and treats each connection in this way. */
async function listen(answer: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    answer(socket);
  });
  await once(server.listen(join(runDir, 'control.sock')), 'listening');
}

const ANSWERS: [string, (socket: Socket) => void][] = [
  ['says nothing', () => undefined],
  ['hangs up', (socket) => socket.end()],
  ['speaks another language', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
];

it.each(ANSWERS)('a listener that %s is not taken for a core', async (_what, answer) => {
  await listen(answer);
  client = await ControlClient.connect(runDir, { answerMs: 1000 });
  await expect(client.status()).rejects.toMatchObject({
    code: 'CORE_INCOMPATIBLE',
    message: `something that is not a core listens in ${runDir}: no process holds that directory; check --run-dir`,
  });
});

it('stop says so at once, and claims to have stopped nothing', async () => {
  await listen((socket) => socket.end());
  const command = new CommandLine(directory);
  const { code, stdout, stderr } = await command.run('stop', '--run-dir', runDir);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('is not a core');
});
