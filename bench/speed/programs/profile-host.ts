/**
 * Loaded into a host by NODE_OPTIONS, which its module's `env` may set: a CPU profile of the time in which the core
 * measures, as far as this process can tell.
 */

import { Profiler } from './profiler.js';

const { BENCH_PROFILE: file = 'host.cpuprofile', BENCH_WARM_MS, BENCH_MEASURE_MS } = process.env;
const warmMs = Number(BENCH_WARM_MS);
const profiler = new Profiler(file);
// A host ends when its core does, whatever waits here.
setTimeout(() => profiler.begun(), warmMs).unref();
setTimeout(() => profiler.done(), warmMs + Number(BENCH_MEASURE_MS)).unref();
