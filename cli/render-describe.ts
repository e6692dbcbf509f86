/** Everything about one module for a person: pure. */

import { escapeControl } from '../src/logs/format.js';
import type { ModuleDescription, SettingDescription } from '../src/supervisor/types.js';

type Row = [label: string, value: string];

/** Sections of aligned lines; what there is nothing to say of is left out. */
export function renderDescription(module: ModuleDescription, nowMs: number): string {
  const sections = [
    ...renderRows(identity(module)),
    ...section('Processes', renderRows(processes(module, nowMs))),
    ...section('Counters', renderRows(counters(module))),
    ...section('Settings', renderSettings(module.settings)),
    ...section("The module's own configuration", renderSettings(module.config)),
  ];
  return sections.join('\n');
}

function identity(module: ModuleDescription): Row[] {
  const { state, desired, abi, abiReason, path, fileChanged, callbacks, lastError } = module;
  const stays = desired === 'down' ? ', and stays so until: mesibo-modules start ' : '';
  return [
    ['module', module.name],
    ['state', stays ? `${state}${stays}${module.name}` : state],
    ...optional('description', module.description),
    ['file', path ?? 'not found'],
    ...optional(
      '',
      fileChanged ? `it is another file than its process loaded; to load it: mesibo-modules reload` : null,
    ),
    ...optional('ABI', abi && `${abi}, ${abiReason}`),
    ...optional('callbacks', callbacks.join(', ') || null),
    ...optional('last error', lastError),
    ...optional('next start', module.nextStartAt),
  ];
}

function processes({ hosts }: ModuleDescription, nowMs: number): Row[] {
  if (hosts.length === 0) return [['none', '']];
  return hosts.map(({ pid, generation, state, startedAt }) => {
    const seconds = Math.max(0, Math.round((nowMs - Date.parse(startedAt)) / 1000));
    return [`generation ${generation}`, `pid ${pid}, ${state}, started ${startedAt} (${seconds} s ago)`];
  });
}

function counters(module: ModuleDescription): Row[] {
  const { messages, sends, dropped, crashes, latencyMicros } = module;
  const causes = Object.entries(crashes.byCause).filter(([, count]) => count > 0);
  const of = causes.map(([cause, count]) => `${count} ${cause}`).join(', ');
  const last =
    crashes.lastAt === null
      ? ''
      : `; the last ${crashes.lastAt}${crashes.lastSignal ? ` by ${crashes.lastSignal}` : ''}`;
  return [
    [
      'messages',
      `${messages.total}: ${messages.pass} passed, ${messages.consumed} consumed, ${messages.default} got the default verdict`,
    ],
    ['under way', `${module.inFlight} in its process, ${module.queued} waiting`],
    ['late verdicts', String(messages.late)],
    ['latency', `half within ${micros(latencyMicros.p50)}, 99% within ${micros(latencyMicros.p99)}`],
    ['sent', `${sends.total}; ${sends.undelivered} undelivered, ${sends.refused} refused`],
    ['crashes', `${crashes.total}${of ? `: ${of}` : ''}${last}`],
    ['restarts', `${module.restarts}; ${module.failedStarts} starts failed`],
    ['not kept', `${dropped.logLines} log lines, ${dropped.outputBytes} bytes of output`],
  ];
}

function renderSettings(settings: SettingDescription[]): string[] {
  const keys = Math.max(0, ...settings.map(({ key }) => escapeControl(key).length));
  const values = Math.max(0, ...settings.map(({ value }) => Math.min(40, escapeControl(value).length)));
  return settings.map(({ key, value, origin }) => {
    const written = `${escapeControl(key).padEnd(keys)} = ${escapeControl(value).padEnd(values)}`;
    return `  ${written}  # ${escapeControl(origin)}`;
  });
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function renderRows(rows: Row[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${escapeControl(value)}`.trimEnd());
}

function optional(label: string, value: string | null): Row[] {
  return value === null ? [] : [[label, value]];
}

function micros(value: number | null): string {
  if (value === null) return '-';
  return value < 1000 ? `${value} us` : `${(value / 1000).toFixed(1)} ms`;
}
