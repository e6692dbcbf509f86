/** The metrics of the core and its process: pure. */

import { histogramSamples, single } from './samples.js';
import type { MetricDefinition } from './types.js';

const LAG = 'core_event_loop_lag_seconds';

export const CORE_METRICS: readonly MetricDefinition[] = [
  {
    name: 'core_info',
    type: 'gauge',
    help: 'Always 1, with the version of the core',
    labels: ['version'],
    read: ({ core: { version } }) => [{ sharedLabels: { version }, value: 1 }],
  },
  single(
    'gauge',
    { name: 'core_start_time_seconds', help: 'When the core began, in seconds since 1970' },
    ({ core }) => core.startedAtSeconds,
  ),
  single(
    'gauge',
    { name: 'core_problems', help: 'What is wrong with the core itself; status says what' },
    ({ core }) => core.problems,
  ),
  single(
    'counter',
    {
      name: 'core_recovered_sends_total',
      help: 'Messages of modules that a killed core had left, and that this core handed on when it started',
    },
    ({ core }) => core.recoveredSends,
  ),
  single(
    'gauge',
    { name: 'core_resident_memory_bytes', help: 'Memory (RSS) of the process that the core is in' },
    ({ process }) => process.memoryBytes,
  ),
  single(
    'gauge',
    { name: 'core_heap_used_bytes', help: 'Memory that JavaScript objects of that process take' },
    ({ process }) => process.heapUsedBytes,
  ),
  single(
    'counter',
    { name: 'core_cpu_seconds_total', help: 'CPU time of the process that the core is in' },
    ({ process }) => process.cpuSeconds,
  ),
  single(
    'gauge',
    { name: 'core_open_fds', help: 'File descriptors of that process that are in use' },
    ({ process }) => process.openDescriptors,
  ),
  single(
    'gauge',
    { name: 'core_max_fds', help: 'File descriptors that the process may have' },
    ({ process }) => process.maxDescriptors,
  ),
  single(
    'counter',
    { name: 'core_event_loop_active_seconds_total', help: 'Time in which the event loop of the core has worked' },
    ({ process }) => process.loopActiveSeconds,
  ),
  {
    name: LAG,
    type: 'histogram',
    help: 'How much later than planned a timer of the core ran; one runs ten times a second',
    labels: ['le'],
    read: ({ process }) => histogramSamples(`mesibo_modules_${LAG}`, process.loopLag),
  },
];
