/** The state of a core for a person: pure. */

import { escapeControl } from '../../src/escape-control.js';
import { type Sentence, sentence } from '../../src/sentence.js';
import type { CoreStatus, ModuleStatus } from '../../src/supervisor/types.js';
import { countColumns } from '../text/columns.js';
import { formatBytes, formatCount, formatCpu, formatMicros, formatSeconds } from '../text/format.js';
import { styled } from '../text/style.js';
import { type Column, cutPath, renderTable } from '../text/table.js';
import { wrap } from '../text/wrap.js';
import { renderServers } from './servers.js';
import { shadowColumn } from './shadow-column.js';
import { isShadow, stateCellOf, styleOf } from './shown-state.js';
import type { Trouble } from './trouble.js';
import { describeTrouble, findTroubles } from './troubles.js';
import type { View } from './view.js';

const MAX_NAME = 22;
/** A path is never cut to less than this. It gets a line of its own instead. */
const MIN_PATH = 24;

/** The overview; then the ABIs that were found by a trial, and how. */
export function renderStatus(status: CoreStatus, view: View): string {
  return [renderOverview(status, view), ...renderAbis(status.modules, view.width)].join('\n');
}

/** A line on the core, the table of its modules, its servers, and what needs attention. */
export function renderOverview(status: CoreStatus, view: View): string {
  const { modules } = status;
  const none = 'no module is configured: every message passes';
  const troubles = findTroubles(status, view.nowMs);
  return [
    ...renderCore(status, view.width),
    '',
    ...(modules.length === 0 ? [none] : renderTable(columnsOf(view, modules), modules, view.width, view.colour)),
    ...renderServers(status, view),
    ...(troubles.length > 0 ? [''] : []),
    ...troubles.flatMap((trouble) => renderTrouble(trouble, view)),
  ].join('\n');
}

/** What is shown in place of a core that cannot be asked. */
export function renderAbsence(
  reason: string | Sentence,
  { width, options, program }: Pick<View, 'width' | 'options' | 'program'>,
): string {
  return [
    ...sentence`${reason}`
      .withOptions(options, program)
      .lines()
      .flatMap((line) => wrap(line, width)),
    'waiting for one ...',
  ].join('\n');
}

function columnsOf({ nowMs, width }: View, modules: readonly ModuleStatus[]): Column<ModuleStatus>[] {
  return [
    { heading: 'NAME', cell: ({ name }) => escapeControl(name), most: Number.isFinite(width) ? MAX_NAME : width },
    { heading: 'STATE', cell: (module) => escapeControl(stateCellOf(module)), style: styleOf },
    ...shadowColumn(modules),
    { heading: 'UP', cell: (module) => upOf(module, nowMs), align: 'right', dispensable: 6 },
    { heading: 'PID', cell: ({ pid }) => String(pid ?? '-'), align: 'right', dispensable: 2 },
    {
      heading: 'MEMORY',
      cell: ({ hosts }) => formatBytes(sumOf(hosts.map(({ memoryBytes }) => memoryBytes))),
      align: 'right',
      dispensable: 8,
    },
    {
      heading: 'CPU',
      cell: ({ hosts }) => formatCpu(sumOf(hosts.map(({ cpuSeconds }) => cpuSeconds))),
      align: 'right',
      dispensable: 9,
    },
    { heading: 'MESSAGES', cell: ({ messages }) => formatCount(messages.total), align: 'right', dispensable: 3 },
    { heading: 'CONSUMED', cell: ({ messages }) => formatCount(messages.consumed), align: 'right', dispensable: 5 },
    {
      heading: 'DEFAULT',
      // Nobody gets a verdict in the place of a shadow.
      cell: (module) => (isShadow(module) ? '-' : formatCount(module.messages.default)),
      align: 'right',
      dispensable: 4,
      style: (module) => (module.messages.default > 0 && !isShadow(module) ? 'yellow' : null),
    },
    {
      heading: 'CRASHES',
      cell: ({ crashes }) => formatCount(crashes.total),
      align: 'right',
      dispensable: 1,
      style: ({ crashes }) => (crashes.total > 0 ? 'yellow' : null),
    },
    { heading: 'P99', cell: ({ latencyMicros }) => formatMicros(latencyMicros.p99), align: 'right', dispensable: 7 },
  ];
}

function upOf({ hosts, pid }: ModuleStatus, nowMs: number): string {
  const host = hosts.find((host) => host.pid === pid);
  return host ? formatSeconds((nowMs - Date.parse(host.startedAt)) / 1000) : '-';
}

/** The sum of the known figures; `null`: none is known. A core of another version may not report a figure. */
function sumOf(figures: (number | null | undefined)[]): number | null {
  const known = figures.filter((figure) => typeof figure === 'number');
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0);
}

function renderCore({ core }: CoreStatus, width: number): string[] {
  const where = core.embedded ? ' in a program' : '';
  const head = `core ${core.version}${where}, pid ${core.pid}, up ${formatSeconds(core.uptimeSeconds)}`;
  if (core.config === null) return wrap(head, width);
  const room = width - countColumns(`${head}, `);
  return wrap(`${head}, ${cutPath(escapeControl(core.config), Math.max(room, MIN_PATH))}`, width);
}

/** Only ABIs that were found by a trial have a line. Modules with the same ABI and reason share one. */
function renderAbis(modules: ModuleStatus[], width: number): string[] {
  const names = new Map<string, string[]>();
  for (const { name, abi, abiSource, abiReason } of modules) {
    if (abiSource !== 'trial') continue;
    const found = escapeControl(`ABI ${abi}, ${abiReason}`);
    names.set(found, [...(names.get(found) ?? []), escapeControl(name)]);
  }
  const lines = [...names].flatMap(([found, sharing]) => wrap(`${found}: ${sharing.join(', ')}`, width));
  return lines.length > 0 ? ['', ...lines] : [];
}

const LEVEL_STYLES = { error: 'red', warning: 'yellow', note: 'dim' } as const;

function renderTrouble(trouble: Trouble, { width, colour, options, program }: View): string[] {
  const lines = wrap(describeTrouble(trouble).withOptions(options, program), width).map((line) =>
    styled(line, colour ? LEVEL_STYLES[trouble.level] : null),
  );
  if (trouble.remedy === null) return lines;
  const remedy = sentence`-> ${trouble.remedy}`.withOptions(options, program).map(escapeControl);
  return [...lines, ...wrap(remedy, width - 2, '   ').map((line) => `  ${line}`)];
}
