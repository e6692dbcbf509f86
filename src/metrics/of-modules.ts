/** The metrics of modules and their processes: pure. */

import type { ModuleFigures } from '../supervisor/types.js';
import { histogramSamples, manyOfModules, ofModules } from './samples.js';
import type { Labels, MetricDefinition } from './types.js';

type Pairs = (readonly [Labels, number])[];

const STATES = ['stopped', 'starting', 'serving', 'replacing', 'backoff', 'failed'] as const;
const VERDICTS = ['pass', 'consumed'] as const;
const REASONS = ['crash', 'hang', 'deadline', 'down', 'overload', 'quarantine'] as const;
const RECYCLE_CAUSES = ['messages', 'age', 'memory'] as const;
const CAUSES = ['crash', 'exit', 'hang', 'unreachable', 'memory', 'limit'] as const;

const ofState = STATES.map((state) => [state, { state }] as const);
const ofWear = RECYCLE_CAUSES.map((cause) => [cause, { cause }] as const);
const ofCause = CAUSES.map((cause) => [cause, { cause }] as const);
const ofOwn = VERDICTS.map((verdict) => [verdict, { verdict, default_reason: 'none' }] as const);
const ofDefault = VERDICTS.flatMap((verdict) =>
  REASONS.map((reason) => [verdict, reason, { verdict, default_reason: reason }] as const),
);

/**
 * A default verdict that the module can get has a value from the beginning, so that the first one shows as an increase. Other
 * reasons appear only if they occurred.
 */
function messages({ totals: { own, defaults }, onFailure }: ModuleFigures): Pairs {
  const present = onFailure === 'consume' ? 'consumed' : 'pass';
  return [
    ...ofOwn.map(([verdict, labels]) => [labels, own[verdict]] as const),
    ...ofDefault
      .filter(([verdict, reason]) => verdict === present || defaults[verdict][reason] > 0)
      .map(([verdict, reason, labels]) => [labels, defaults[verdict][reason]] as const),
  ];
}

/** The labels of each replica; the same objects each time. */
const ofReplica: Labels[] = [];

/** One value for each replica of the modules that have several. */
function ofReplicas(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: (replica: ModuleFigures['replicas'][number]) => number,
): MetricDefinition {
  return manyOfModules(type, { name, help, labels: ['replica'] }, ({ replicas }) =>
    replicas.map((each) => {
      ofReplica[each.replica] ??= { replica: String(each.replica) };
      return [ofReplica[each.replica] as Labels, read(each)] as const;
    }),
  );
}

const DURATION = 'message_duration_seconds';

export const MODULE_METRICS: readonly MetricDefinition[] = [
  manyOfModules(
    'counter',
    {
      name: 'messages_total',
      help: 'Verdicts on messages. default_reason says why a default verdict was given; it is none for the verdict of the module itself',
      labels: ['verdict', 'default_reason'],
    },
    messages,
  ),
  {
    name: DURATION,
    type: 'histogram',
    help: 'From the moment the chain reaches the module to its own verdict on a message, waiting included',
    labels: ['module', 'le'],
    read: ({ modules }) =>
      modules.flatMap((module) => histogramSamples(`mesibo_modules_${DURATION}`, module.durations, module.name)),
  },
  ofModules(
    'counter',
    { name: 'late_verdicts_total', help: 'Verdicts that came too late: the default verdict had been given already' },
    ({ totals }) => totals.late,
  ),
  ofModules(
    'counter',
    {
      name: 'filtered_total',
      help: 'Messages that the match of the module left out; messages_total does not count them',
    },
    ({ totals }) => totals.filtered,
  ),
  ofModules(
    'gauge',
    { name: 'calls_in_flight', help: 'Calls that the processes of the module hold' },
    ({ inFlight }) => inFlight,
  ),
  ofModules('gauge', { name: 'calls_queued', help: 'Calls that wait for the module' }, ({ queued }) => queued),
  ofModules(
    'gauge',
    { name: 'queue_limit', help: 'Setting queue: calls that may wait for the module' },
    ({ queueLimit }) => queueLimit,
  ),
  ofModules(
    'gauge',
    { name: 'deadline_seconds', help: 'Setting deadline: after it a message gets the default verdict' },
    ({ deadlineMs }) => deadlineMs / 1000,
  ),
  manyOfModules(
    'gauge',
    { name: 'state', help: '1 for the state that the module is in, 0 for the others', labels: ['state'] },
    (module) => ofState.map(([state, labels]) => [labels, module.state === state ? 1 : 0] as const),
  ),
  ofModules(
    'gauge',
    { name: 'wanted', help: '1: the module is to serve. 0: an operator has stopped it' },
    ({ desired }) => (desired === 'up' ? 1 : 0),
  ),
  ofModules(
    'gauge',
    { name: 'generation', help: 'Number of the process that serves, or served last; each start has the next one' },
    ({ generation }) => generation,
  ),
  ofModules(
    'counter',
    { name: 'restarts_total', help: 'Starts after the module had served' },
    ({ totals }) => totals.restarts,
  ),
  ofModules(
    'counter',
    { name: 'failed_starts_total', help: 'Starts that did not become ready' },
    ({ totals }) => totals.failedStarts,
  ),
  manyOfModules(
    'counter',
    {
      name: 'recycled_total',
      help: 'Processes that others have taken over from without a loss, because they had reached max_messages, max_age or max_rss (cause memory)',
      labels: ['cause'],
    },
    ({ totals }) => ofWear.map(([cause, labels]) => [labels, totals.recycled[cause]] as const),
  ),
  ofModules(
    'gauge',
    { name: 'on_probation', help: '1: the process before the last reload is kept. 0: there is none to go back to' },
    ({ isOnProbation }) => (isOnProbation ? 1 : 0),
  ),
  ofModules(
    'counter',
    { name: 'taken_back_total', help: 'Reloads that were taken back, because the new process failed on probation' },
    ({ totals }) => totals.takenBack,
  ),
  manyOfModules(
    'counter',
    {
      name: 'crashes_total',
      help: 'Processes of the module that ended although nobody had asked them to',
      labels: ['cause'],
    },
    ({ totals }) => ofCause.map(([cause, labels]) => [labels, totals.crashes[cause]] as const),
  ),
  ofModules(
    'gauge',
    {
      name: 'quarantined_messages',
      help: 'Messages that the module does not get because they killed it. Each time one is withheld counts in messages_total with default_reason quarantine',
    },
    ({ quarantined }) => quarantined,
  ),
  ofModules('gauge', { name: 'hosts', help: 'Processes of the module' }, ({ hosts }) => hosts),
  ofReplicas(
    'gauge',
    'replica_up',
    '1: the replica serves. 0: it does not. Only modules with several replicas have this',
    ({ isServing }) => (isServing ? 1 : 0),
  ),
  ofReplicas(
    'gauge',
    'replica_calls_in_flight',
    'Calls that the processes of the replica hold. Only modules with several replicas have this',
    ({ inFlight }) => inFlight,
  ),
  ofReplicas(
    'gauge',
    'replica_calls_queued',
    'Calls that wait for the replica. Only modules with several replicas have this',
    ({ queued }) => queued,
  ),
  ofReplicas(
    'counter',
    'replica_restarts_total',
    'Starts after the replica had served. Only modules with several replicas have this',
    ({ restarts }) => restarts,
  ),
  ofModules(
    'counter',
    {
      name: 'relocated_total',
      help: 'Events that waited for a replica and went to another one, because the first was down or was removed, or because the conversation belongs to the other. Only modules with several replicas have this',
    },
    ({ replicas, totals }) => (replicas.length > 0 ? totals.relocated : null),
  ),
  ofModules(
    'gauge',
    { name: 'host_resident_memory_bytes', help: 'Memory (RSS) of the processes of the module' },
    ({ memoryBytes }) => memoryBytes,
  ),
  ofModules(
    'counter',
    { name: 'host_cpu_seconds_total', help: 'CPU time of the processes of the module, those that have ended included' },
    ({ cpuSeconds }) => cpuSeconds,
  ),
  ofModules(
    'counter',
    { name: 'dropped_log_lines_total', help: 'Lines that the module logged and that were not kept' },
    ({ totals }) => totals.dropped.logLines,
  ),
  ofModules(
    'counter',
    {
      name: 'dropped_output_bytes_total',
      help: 'Bytes that the processes of the module printed and that were not kept',
    },
    ({ totals }) => totals.dropped.outputBytes,
  ),
];
