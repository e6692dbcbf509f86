/** Everything about one module for a person: pure. */

import { counted } from '../../src/counted.js';
import { escapeControl } from '../../src/escape-control.js';
import { coreCommand, readSentence, type Sentence, sentence } from '../../src/sentence.js';
import { shortDigest } from '../../src/short-digest.js';
import type { ModuleDescription, SettingDescription } from '../../src/supervisor/types.js';
import { countColumns } from '../text/columns.js';
import { formatAgo, formatBytes, formatCpu, formatUntil } from '../text/format.js';
import { listCounts, sumCounts } from '../text/list-counts.js';
import { wrapWords } from '../text/wrap.js';
import { describeUndecided } from './defaults.js';
import { describeLastCrash } from './last-crash.js';
import { DEEPER, type Row, renderRows, section } from './rows.js';
import { replicasOf, stateCellOf, styleOf } from './shown-state.js';
import { describeDebugging } from './troubles.js';
import type { View } from './view.js';

/**
 * Sections of aligned lines, as wide as the view. Lines and sections without content are left out. A path or a value that is
 * longer stays whole, so that it can be copied.
 *
 * @param config - the main file of the core's configuration; `null`: it has none
 */
export function renderDescription(module: ModuleDescription, view: View, config: string | null = null): string {
  const { nowMs, width } = view;
  const sections = [
    ...renderRows(identity(module, view, config), view),
    ...section('Processes', renderRows(processes(module, nowMs), view)),
    ...section('Replicas', renderRows(describeReplicas(module, nowMs), view)),
    ...section('Counters', renderRows(counters(module, nowMs), view)),
    ...section('Settings', renderSettings(module.settings, width)),
    ...section('Environment', renderSettings(module.env, width)),
    ...section("The module's own configuration", renderSettings(module.config, width)),
    ...describeHidden(module, view),
  ];
  return sections.join('\n');
}

/** Says how to show hidden values, when there are any. */
function describeHidden({ name, settings, env, config }: ModuleDescription, view: View): string[] {
  if (![...settings, ...env, ...config].some(({ hidden }) => hidden)) return [];
  return [
    '',
    ...renderRows([['hidden', sentence`secrets; to show them: ${coreCommand('describe', name, '--reveal')}`]], view),
  ];
}

function identity(module: ModuleDescription, { nowMs }: View, config: string | null): Row[] {
  const { name, desired, abi, abiReason, path, callbacks, lastError, nextStartAt } = module;
  const stays = desired === 'down' ? sentence`; it stays stopped until: ${coreCommand('start', name)}` : '';
  return [
    ['module', name],
    ['state', sentence`${stateCellOf(module)}${stays}`, styleOf(module)],
    ...optional('shadow of', describeShadow(module)),
    ...optional('description', module.description),
    ['file', path ?? 'not found'],
    ...optional('', describeChange(module)),
    ...optional('build', describeBuild(module)),
    ...optional('ABI', abi && `${abi}, ${abiReason}`),
    ...(module.warnings ?? []).map((text): Row => ['warning', text, 'yellow']),
    ...optional('callbacks', callbacks.join(', ') || null),
    ...optional('last error', lastError),
    ...optional('last crash', describeLastCrash(module)),
    ...optional('', describeDebugging(module, config)),
    ...optional('probation', describeProbation(module, nowMs)),
    ...optional('next start', nextStartAt && `${formatUntil(nextStartAt, nowMs)} (${nextStartAt})`),
  ];
}

/** A core of another version does not say it. */
function describeShadow({
  name,
  shadowOf = null,
}: Pick<ModuleDescription, 'name'> & Partial<ModuleDescription>): Sentence | null {
  if (shadowOf === null) return null;
  return sentence`${shadowOf}; to see how both compare: ${coreCommand('shadow', name)}`;
}

function describeChange({ name, fileChanged, fileMissing, build }: ModuleDescription): string | Sentence | null {
  if (!fileChanged) return null;
  if (fileMissing)
    return `it is missing${build ? '; after a crash, the build that its process loaded starts again' : ''}`;
  const crash = build ? '; after a crash, the build that its process loaded starts again' : '';
  const reload = coreCommand('reload', name);
  return sentence`it has changed since its process loaded it${crash}; to load it: ${reload}`;
}

/** A core of another version does not say it. */
function describeProbation(
  { name, probationUntil = null, takenBack = null }: Partial<ModuleDescription>,
  nowMs: number,
): string | Sentence | null {
  if (probationUntil !== null)
    return `until ${probationUntil} (${formatUntil(probationUntil, nowMs)}); the process before this one is kept, to take over again`;
  if (takenBack === null) return null;
  const why = takenBack.replace(`module ${name}: `, '');
  const reload = coreCommand('reload', name ?? '');
  return sentence`the last reload was taken back, and the settings below are those of before: ${why}; when it is corrected: ${reload}`;
}

function describeBuild({ build }: ModuleDescription): Sentence | null {
  if (!build) return null;
  const from = build.kept ? `the copy that the core keeps: ${build.path}` : 'its file';
  const problem = readSentence(build.problemParts) ?? build.problem;
  return sentence`sha256 ${shortDigest(build.sha256)}, loaded from ${from}${problem ? sentence`; ${problem}` : ''}`;
}

function processes(module: ModuleDescription, nowMs: number): Row[] {
  const { hosts } = module;
  if (hosts.length === 0) return [['none', '']];
  const isOne = replicasOf(module).wanted === 1;
  return hosts.map((host) => {
    const { pid, generation, state, role, startedAt, memoryBytes = null, cpuSeconds = null, openRequests = 0 } = host;
    const kept = role === 'kept' ? ', kept to take over again' : '';
    const replica = isOne ? '' : `, replica ${host.replica}`;
    const started = `started ${formatAgo(startedAt, nowMs)} (${startedAt})`;
    const memory = memoryBytes === null ? '' : `, ${formatBytes(memoryBytes)} of memory`;
    const cpu = cpuSeconds === null ? '' : `, ${formatCpu(cpuSeconds)} of CPU time`;
    const requests = openRequests === 0 ? '' : `, ${counted(openRequests, 'http request')} open`;
    return [`generation ${generation}`, `pid ${pid}${replica}, ${state}${kept}, ${started}${memory}${cpu}${requests}`];
  });
}

/** Nothing of a module with one. */
function describeReplicas(module: ModuleDescription, nowMs: number): Row[] {
  const { wanted, each } = replicasOf(module);
  if (wanted === 1) return [];
  return each.map(({ replica, state, isServing, inFlight, queued, restarts, lastError, nextStartAt }): Row => {
    const calls = `${counted(inFlight, 'call')} in its process, ${queued} waiting; ${counted(restarts, 'restart')}`;
    const next = nextStartAt === null ? '' : `; the next start is ${formatUntil(nextStartAt, nowMs)}`;
    const why = isServing || lastError === null ? '' : `; ${lastError}`;
    return [`replica ${replica}`, `${state}, ${calls}${next}${why}`, isServing ? null : 'yellow'];
  });
}

function counters(module: ModuleDescription, nowMs: number): Row[] {
  const { messages, sends, dropped, crashes, latencyMicros } = module;
  const of = listCounts(crashes.byCause);
  const { lastAt, lastSignal } = crashes;
  const signal = lastSignal ? ` by ${lastSignal}` : '';
  const last = lastAt === null ? '' : `; the last ${formatAgo(lastAt, nowMs)} (${lastAt})${signal}`;
  return [
    [
      'messages',
      `${messages.total}: ${messages.pass} passed, ${messages.consumed} consumed, ${describeUndecided(module)}${describeReasons(messages)}`,
    ],
    ['in progress', `${module.inFlight} in its process, ${module.queued} waiting`],
    ['late verdicts', String(messages.late)],
    ...optional('left out', describeFiltered(messages)),
    ['latency', describeLatency(latencyMicros)],
    [
      'sent',
      `${sends.total}; ${sends.waiting ?? 0} waiting, ${sends.undelivered} undelivered, ${sends.refused} refused`,
    ],
    ['servers took', describeTaken(sends)],
    ['crashes', `${crashes.total}${of ? `: ${of}` : ''}${last}`],
    ['quarantine', describeQuarantine(module)],
    ['restarts', `${module.restarts}; ${counted(module.failedStarts, 'start')} failed`],
    ['recycled', describeRecycled(module)],
    ['not kept', `${counted(dropped.logLines, 'log line')}, ${counted(dropped.outputBytes, 'byte')} of output`],
  ];
}

/** A core of another version says less. */
function describeQuarantine({ name, quarantined = 0 }: Partial<ModuleDescription>): string | Sentence {
  if (quarantined === 0) return 'no message';
  const see = coreCommand('quarantine', 'list', '--module', name ?? '');
  return sentence`${counted(quarantined, 'message')} that killed this build; to see them: ${see}`;
}

/** A core of another version does not say it. */
function describeRecycled({ recycled }: Partial<ModuleDescription>): string {
  const counts = { ...recycled };
  const total = sumCounts(counts);
  return total === 0 ? 'never' : `${counted(total, 'time')}: ${listCounts(counts)}`;
}

/** A core of another version says less. */
function describeFiltered({ filtered = 0 }: Partial<ModuleDescription['messages']>): string | null {
  return filtered === 0 ? null : `${counted(filtered, 'message')}, by match`;
}

/** A core of another version says less. */
function describeReasons({ defaultByReason }: Partial<ModuleDescription['messages']>): string {
  const reasons = listCounts({ ...defaultByReason });
  return reasons === '' ? '' : ` (${reasons})`;
}

/** A core of another version says less. */
function describeTaken(sends: Partial<ModuleDescription['sends']>): string {
  const { delivered = 0, refusedByServer = 0, expired = 0, consumed = 0 } = sends;
  return `${delivered}; ${refusedByServer} refused, ${expired} expired, ${consumed} consumed by modules`;
}

/** Where a line is too long, the origin gets one of its own. */
function renderSettings(settings: SettingDescription[], width: number): string[] {
  const keys = Math.max(0, ...settings.map(({ key }) => escapeControl(key).length));
  const values = Math.max(0, ...settings.map(({ value }) => Math.min(40, escapeControl(value).length)));
  return settings.flatMap(({ key, value, origin }) => {
    const assigned = `${escapeControl(key).padEnd(keys)} = `;
    const written = escapeControl(value);
    const comment = `# ${escapeControl(origin)}`;
    const room = width - countColumns(`  ${assigned}  ${comment}`);
    if (countColumns(written) <= room) return [`  ${assigned}${written.padEnd(Math.min(values, room))}  ${comment}`];
    return [...wrapWords(`${assigned}${written}`, width - 2).map((line) => `  ${line}`), DEEPER + comment];
  });
}

function optional(label: string, value: string | Sentence | null): Row[] {
  return value === null ? [] : [[label, value]];
}

function describeLatency({ p50, p99 }: ModuleDescription['latencyMicros']): string {
  if (p50 === null || p99 === null) return 'none yet: it has answered no message';
  return `half within ${micros(p50)}, 99% within ${micros(p99)}`;
}

function micros(value: number): string {
  return value < 1000 ? `${value} us` : `${(value / 1000).toFixed(1)} ms`;
}
