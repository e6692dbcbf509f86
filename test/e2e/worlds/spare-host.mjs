/**
 * Runs a module in a host that was a spare, and prints what `try --json` prints: spare-host.mjs FILE RUN_DIR NEIGHBOUR TEXTS...
 * The neighbour runs first, so that there is a spare, and is asked after the module.
 */

import { subscribe } from 'node:diagnostics_channel';
import { makeConfig, Supervisor } from 'mesibo-modules';
import { tryToJson } from '../../../dist/cli/render/try.js';

const [path, runDir, neighbour, ...texts] = process.argv.slice(2);
const PATIENCE_MS = 250_000;
const patient = { deadlineMs: PATIENCE_MS, startTimeoutMs: PATIENCE_MS, hangMs: PATIENCE_MS, abi: 'exports-2020' };
const NAME = 'world';
const EXPECTED = ['stop', 'start', 'trial'];

const configOf = (...modules) => makeConfig({ chainDeadlineMs: PATIENCE_MS, modules });
const beside = { name: 'skeleton', path: neighbour };
const tell = (event) => console.log(tryToJson(event));

const supervisor = new Supervisor(configOf(beside), { runDir });
supervisor.on('log', (line) => line.module === NAME && tell({ kind: 'log', line }));
supervisor.on('message', (sent) => sent.module === NAME && tell({ kind: 'sent', sent }));
supervisor.on('lifecycle', (event) => {
  if (event.module === NAME && event.kind === 'exited' && !EXPECTED.includes(event.cause))
    tell({ kind: 'died', event });
});
const taken = new Set();
const waits = new Promise((done) => {
  subscribe('mesibo-modules:spare-host', ({ kind, pid }) => {
    if (kind === 'waits') done();
    if (kind === 'taken') taken.add(pid);
  });
});
await supervisor.start();
await waits;
await supervisor.reload(configOf({ ...patient, name: NAME, path }, beside));
if (!taken.has(supervisor.status().modules[0].pid)) throw new Error('its host was no spare');
let id = 0n;
for (const text of texts) {
  id += 1n;
  const outcome = await supervisor.onMessage({ from: 'alice', to: 'bob', id }, Buffer.from(text));
  tell({ kind: 'outcome', outcome, sent: { params: {}, payload: Buffer.from(text) } });
}
await supervisor.stop();
process.exit(0);
