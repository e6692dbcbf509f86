/** The messages in quarantine, a line each: pure. */

import { escapeControl } from '../../../src/escape-control.js';
import { coreCommand, sentence } from '../../../src/sentence.js';
import type { QuarantinedMessage } from '../../../src/supervisor/types.js';
import { formatAgo, formatBytes, formatCount } from '../../text/format.js';
import { type Column, cut, renderTable } from '../../text/table.js';
import { wrap } from '../../text/wrap.js';
import type { View } from '../view.js';

const MIN_ADDRESS = 8;

/** The table, the last death first, and how to go on. */
export function renderQuarantine(messages: readonly QuarantinedMessage[], view: View): string {
  const columns: Column<QuarantinedMessage>[] = [
    { heading: 'LAST', cell: ({ lastAt }) => formatAgo(lastAt, view.nowMs), align: 'right' },
    { heading: 'MODULE', cell: ({ module }) => escapeControl(module), dispensable: 1 },
    {
      heading: 'MESSAGE',
      cell: ({ messageId }) => (messageId === '0' ? '-' : messageId),
      align: 'right',
      dispensable: 6,
    },
    addressColumn('FROM', ({ from }) => from),
    addressColumn('TO', ({ to }) => to),
    { heading: 'SIZE', cell: ({ bytes }) => formatBytes(bytes), align: 'right', dispensable: 5 },
    { heading: 'BY', cell: nameEnd, dispensable: 4 },
    { heading: 'CRASHES', cell: ({ crashes }) => formatCount(crashes), align: 'right', dispensable: 3 },
    { heading: 'WITHHELD', cell: ({ withheld }) => formatCount(withheld), align: 'right', dispensable: 2 },
    { heading: 'STATE', cell: ({ state }) => escapeControl(state) },
    { heading: 'ID', cell: ({ id }) => escapeControl(id) },
  ];
  const show = sentence`to see one: ${coreCommand('quarantine', 'show', 'ID')}`;
  const release = sentence`to give one to its module again: ${coreCommand('quarantine', 'release', 'ID')}`;
  return [
    ...renderTable(columns, messages, view.width, view.colour),
    '',
    ...[show, release].flatMap((line) => wrap(line.withOptions(view.options, view.program), view.width)),
  ].join('\n');
}

/** What ended the process: `SIGSEGV`, or `exit 7`. */
export function nameEnd({ signal, exitCode }: Pick<QuarantinedMessage, 'signal' | 'exitCode'>): string {
  return escapeControl(signal ?? `exit ${exitCode}`);
}

function addressColumn(
  heading: string,
  read: (message: QuarantinedMessage) => string | null,
): Column<QuarantinedMessage> {
  const cell = (message: QuarantinedMessage) => escapeControl(read(message) ?? '-');
  return { heading, cell, dispensable: 7, shrink: { least: MIN_ADDRESS, cut } };
}
