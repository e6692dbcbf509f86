/** Messages through a chain of modules, by the public interface. With BENCH_PROFILE it also writes CPU profiles. */

import { performance } from 'node:perf_hooks';
import { program } from '../paths.js';
import { type Load, readLoad } from './arguments.js';
import { startPassCore } from './core.js';
import { makePayload, PARAMS } from './message.js';
import { Meter } from './meter.js';
import { Profiler } from './profiler.js';
import { tell } from './tell.js';

const { BENCH_PROFILE: profiles } = process.env;
const load = readLoad();
const core = await startPassCore(load.modules, { module: profiles === undefined ? {} : profiled(profiles, load) });
const profiler = profiles === undefined ? null : new Profiler(`${profiles}.core.cpuprofile`);
const meter = new Meter([process.pid, ...core.hosts], load, profiler);
const payload = makePayload(load.bytes);

async function caller(): Promise<void> {
  while (!meter.over) {
    const began = performance.now();
    const { trace } = await core.supervisor.onMessage(PARAMS, payload);
    meter.note(began);
    if (trace.length !== load.modules || trace.some((entry) => entry.default !== null))
      throw new Error(`a default verdict: ${JSON.stringify(trace)}`);
  }
}

await Promise.all(Array.from({ length: load.window }, caller));
tell(meter.result());
await profiler?.written;
await core.stop();
process.exit(0);

/** In a chain the last host to write wins; they all do the same. */
function profiled(files: string, { warmMs, measureMs }: Load): { env: Record<string, string> } {
  const settings = {
    BENCH_PROFILE: `${files}.host.cpuprofile`,
    BENCH_WARM_MS: String(warmMs),
    BENCH_MEASURE_MS: String(measureMs),
  };
  return { env: { NODE_OPTIONS: `--import=${program('profile-host')}`, ...settings } };
}
