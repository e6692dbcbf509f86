/** What a core costs that has 20 modules and nothing to do. WAIT_MS MEASURE_MS */

import { setTimeout as sleep } from 'node:timers/promises';
import { startPassCore } from '../core.js';
import { cpuMicros, wakeUps } from '../cpu.js';
import { tell } from '../tell.js';

const MODULES = 20;

const [waitMs = 2000, measureMs = 10_000] = process.argv.slice(2).map(Number);
const core = await startPassCore(MODULES);
await sleep(waitMs);
// Reading the figures also costs CPU time here. So its own CPU time is read last before the wait, and first after it.
const before = core.hosts.map(cpuMicros);
const wakeUpsBefore = wakeUps(process.pid);
const ownBefore = ownMicros();
const began = performance.now();
await sleep(measureMs);
const own = ownMicros() - ownBefore;
const seconds = (performance.now() - began) / 1000;
const woken = wakeUps(process.pid) - wakeUpsBefore;
const hosts = core.hosts.reduce((sum, pid, at) => sum + cpuMicros(pid) - (before[at] ?? 0), 0);
tell({
  corePercent: own / seconds / 10_000,
  coreWakeUps: woken / seconds,
  hostsPercent: hosts / seconds / 10_000,
});
await core.stop();
process.exit(0);

function ownMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
