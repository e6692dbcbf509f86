/**
 * Messages from another process, through a client and the gateway. A core with a module is in this process, and another program
 * measures. Called with the kind of the client and a load: `typescript`, `json-lines` or `http`; `queue` or `blocking` of the client
 * in C; or `bridge`, the module of a mesibo server. CPU time is that of core and host, and of the program if it reports it.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Core, makeConfig } from 'mesibo-modules';
import { BRIDGE, NATIVE, PASS_MODULE, program } from '../paths.js';

const [kind, ...load] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
const runDir = join(directory, 'run');
const pass = {
  name: 'pass',
  path: PASS_MODULE,
  abi: 'exports-2020',
  deadlineMs: 60_000,
  startTimeoutMs: 60_000,
} as const;
const httpSocket = join(directory, 'http.sock');
const http = kind === 'http' ? `unix:${httpSocket}` : 'off';
const core = new Core(makeConfig({ chainDeadlineMs: 600_000, modules: [pass], http }), {
  runDir,
  stateDir: join(directory, 'state'),
});
const { refused } = await core.start();
if (refused[0]) throw refused[0].error;
const pids = [process.pid, ...core.status().modules.flatMap(({ pid }) => pid ?? [])];
const socket = kind === 'http' ? httpSocket : join(runDir, 'gateway.sock');
const COMMANDS: Record<string, [file: string, ...args: string[]]> = {
  typescript: [process.execPath, program('clients/typescript'), ...load, socket],
  'json-lines': [process.execPath, program('clients/json-lines'), ...load, socket],
  http: [process.execPath, program('clients/http'), ...load, socket],
  queue: [join(NATIVE, 'client'), ...load, socket, 'queue'],
  blocking: [join(NATIVE, 'client'), ...load, socket, 'blocking'],
  bridge: [join(NATIVE, 'bridge'), ...load, socket, BRIDGE],
};
const [file, ...args] = COMMANDS[kind ?? ''] ?? [];
if (file === undefined) throw new Error(`there is no client called ${kind}`);
const { stdout } = await promisify(execFile)(file, [...args, ...pids.map(String)]);
console.log(stdout.trim());
await core.stop();
rmSync(directory, { recursive: true, force: true });
process.exit(0);
