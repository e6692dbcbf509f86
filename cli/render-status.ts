/** The state of a core for a person: pure. */

import { escapeControl } from '../src/logs/format.js';
import type { ModuleStatus, SupervisorStatus } from '../src/supervisor/types.js';

const HEADINGS = ['NAME', 'STATE', 'PID', 'GENERATION', 'CRASHES', 'MESSAGES', 'PASS/CONSUMED/DEFAULT'];
/** Columns of numbers stand right. */
const RIGHT = new Set([2, 3, 4, 5]);
const MAX_NAME = 22;
const MAX_WIDTH = 100;

/** A table at most 100 columns wide; below it the ABI of each module, and what needs attention. */
export function renderStatus({ core, modules }: SupervisorStatus, nowMs: number): string {
  const config = core.config === null ? '' : `, ${core.config}`;
  const head = `core ${core.version}, pid ${core.pid}, up ${formatSeconds(core.uptimeSeconds)}${config}`;
  const none = 'no module is configured: every message passes';
  const problems = [
    ...core.problems.map(escapeControl),
    ...modules.filter((module) => module.lastError !== null).map((module) => renderProblem(module, nowMs)),
  ];
  return [
    head,
    '',
    ...(modules.length === 0 ? [none] : renderTable([HEADINGS, ...modules.map(rowOf)])),
    ...renderAbis(modules),
    ...(problems.length ? [''] : []),
    ...problems,
  ].join('\n');
}

/** Whether every module that should serve does. */
export function isServing({ modules }: SupervisorStatus): boolean {
  return modules.every(({ desired, state }) => desired === 'down' || state === 'serving');
}

function rowOf({ name, state, pid, generation, restarts, crashes, messages }: ModuleStatus): string[] {
  const shown = escapeControl(name);
  return [
    shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME - 3)}...` : shown,
    state,
    pid === null ? '-' : String(pid),
    `${generation} (${restarts})`,
    crashes.lastSignal && crashes.total > 0 ? `${crashes.total} ${crashes.lastSignal}` : String(crashes.total),
    String(messages.total),
    `${messages.pass}/${messages.consumed}/${messages.default}`,
  ];
}

function renderTable(rows: string[][]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** Modules whose ABI was found alike share a line. */
function renderAbis(modules: ModuleStatus[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, abi, abiReason } of modules) {
    if (abi === null) continue;
    const found = escapeControl(`ABI ${abi}, ${abiReason}`);
    names.set(found, [...(names.get(found) ?? []), escapeControl(name)]);
  }
  const lines = [...names].flatMap(([found, sharing]) => wrap(`${found}: ${sharing.join(', ')}`));
  return lines.length > 0 ? ['', ...lines] : [];
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > MAX_WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line += `${line === '' ? '' : ' '}${word}`;
    }
  }
  return [...lines, line];
}

function renderProblem(module: ModuleStatus, nowMs: number): string {
  const at = module.crashes.lastAt === null ? '' : ` (last crash ${module.crashes.lastAt})`;
  return `${escapeControl(module.name)}: ${escapeControl(module.lastError ?? '')}${at}\n  ${advice(module, nowMs)}`;
}

function advice({ name, state, desired, nextStartAt, messages }: ModuleStatus, nowMs: number): string {
  const logs = `see: mesibo-modules logs ${escapeControl(name)}`;
  if (desired === 'down') return `it is stopped; ${logs}`;
  if (state === 'serving') return `it serves again; ${messages.default} messages got the default verdict; ${logs}`;
  const inMs = nextStartAt === null ? Number.NaN : Date.parse(nextStartAt) - nowMs;
  const when = inMs > 0 ? `in ${formatSeconds(Math.ceil(inMs / 1000))}` : 'now';
  return `messages bypass it; the next start is ${when}; ${logs}`;
}

/** As `3d 4h`, `2h 5m`, `1m 3s` or `12s`. */
function formatSeconds(seconds: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let left = Math.floor(seconds);
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return `${count}${unit}`;
  });
  return parts.join(' ');
}
