/** Crashes, a line for all that are the same: pure. */

import { blamedFrame } from '../../../src/crashes/card.js';
import type { CrashGroup } from '../../../src/crashes/group-cards.js';
import { escapeControl } from '../../../src/escape-control.js';
import { coreCommand, sentence } from '../../../src/sentence.js';
import { formatAgo } from '../../text/format.js';
import { type Column, cut, renderTable } from '../../text/table.js';
import { wrap } from '../../text/wrap.js';
import type { View } from '../view.js';
import { describeExecuted, describePlace, nameCause } from './words.js';

const MIN_PLACE = 24;
const LONGEST_PLACE = 200;

/** The table, the newest first, and how to read more. */
export function renderCrashList(groups: readonly CrashGroup[], view: View): string {
  const columns: Column<CrashGroup>[] = [
    { heading: 'LAST', cell: ({ last }) => formatAgo(last.time, view.nowMs), align: 'right' },
    { heading: 'COUNT', cell: ({ count }) => `${count}`, align: 'right' },
    { heading: 'MODULE', cell: ({ last }) => escapeControl(last.module), dispensable: 1 },
    { heading: 'CAUSE', cell: ({ last }) => escapeControl(nameCause(last)) },
    {
      heading: 'WHERE',
      cell: ({ last }) => escapeControl(cut(describePlace(last) ?? describeExecuted(last) ?? '-', LONGEST_PLACE)),
      shrink: { least: MIN_PLACE, cut },
    },
    { heading: 'ID', cell: ({ last }) => last.id },
  ];
  const more = sentence`to read one: ${coreCommand('crashes', 'show', 'ID')}`;
  return [
    ...renderTable(columns, groups, view.width, view.colour),
    '',
    ...wrap(more.withOptions(view.options, view.program), view.width),
  ].join('\n');
}

/** What `crashes list --json` prints. */
export function crashListToJson(groups: readonly CrashGroup[]): string {
  return JSON.stringify(
    groups.map(({ last, count, since, ids }) => {
      const frame = blamedFrame(last.frames);
      return {
        id: last.id,
        module: last.module,
        count,
        since,
        time: last.time,
        cause: last.cause,
        signal: last.signal,
        exitCode: last.exitCode,
        callback: last.callback,
        function: frame?.function ?? null,
        source: frame?.source ?? null,
        line: frame?.line ?? null,
        summary: last.summary,
        isQuarantined: last.isQuarantined,
        ids,
      };
    }),
  );
}
