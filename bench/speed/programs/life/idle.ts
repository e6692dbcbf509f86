/** What a core costs that has 20 modules and nothing to do. WAIT_MS MEASURE_MS */

import { setTimeout as sleep } from 'node:timers/promises';
import { startPassCore } from '../core.js';
import { cpuMicros, wakeUps } from '../cpu.js';
import { tell } from '../tell.js';

const MODULES = 20;

const [waitMs = 2000, measureMs = 10_000] = process.argv.slice(2).map(Number);
const core = await startPassCore(MODULES);
await sleep(waitMs);
const pids = [process.pid, ...core.hosts];
// To look at the others costs this process time as well: it looks at itself last, and first afterwards.
const before = pids.toReversed().map(look).toReversed();
const began = performance.now();
await sleep(measureMs);
const seconds = (performance.now() - began) / 1000;
const [own, ...hosts] = pids.map((pid, at) => {
  const now = look(pid);
  const then = before[at] ?? now;
  return { percent: (now.micros - then.micros) / seconds / 10_000, wakeUps: (now.wakeUps - then.wakeUps) / seconds };
});
tell({
  corePercent: own?.percent ?? 0,
  coreWakeUps: own?.wakeUps ?? 0,
  hostsPercent: hosts.reduce((sum, { percent }) => sum + percent, 0),
});
await core.stop();
process.exit(0);

function look(pid: number): { micros: number; wakeUps: number } {
  return { micros: cpuMicros(pid), wakeUps: wakeUps(pid) };
}
