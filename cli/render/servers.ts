/** The chat servers of a core, and what modules sent that waits for one: pure. */

import { counted } from '../../src/counted.js';
import { escapeControl } from '../../src/escape-control.js';
import type { CoreStatus, SendsStatus, ServerStatus } from '../../src/supervisor/types.js';
import { formatCount } from '../text/format.js';
import { type Column, renderTable } from '../text/table.js';
import { wrap } from '../text/wrap.js';
import type { Trouble } from './trouble.js';
import type { View } from './view.js';

const COLUMNS: Column<ServerStatus>[] = [
  { heading: 'SERVER', cell: ({ name }) => escapeControl(name), most: 40 },
  { heading: 'CONNECTIONS', cell: ({ connections }) => formatCount(connections), align: 'right', dispensable: 2 },
  { heading: 'IN PROGRESS', cell: ({ inProgress }) => formatCount(inProgress), align: 'right', dispensable: 1 },
  { heading: 'TAKES SENDS', cell: ({ takesSends }) => (takesSends ? 'yes' : 'no'), dispensable: 3 },
  {
    heading: 'TO ACKNOWLEDGE',
    cell: ({ unacknowledged }) => formatCount(unacknowledged),
    align: 'right',
    dispensable: 4,
  },
];

/** Where the core answers over HTTP; then the table of the connected servers, or where a server can connect. */
export function renderServers(status: Partial<CoreStatus>, { width, colour }: View): string[] {
  // A core of another version says less.
  const { servers = [], core } = status;
  const { gateway = null, http = null } = core ?? {};
  const address = http === null ? [] : ['', ...wrap(`answers over HTTP at ${escapeControl(http)}`, width)];
  if (servers.length > 0) return [...address, '', ...renderTable(COLUMNS, servers, width, colour)];
  if (gateway === null) return address;
  const group = core?.gatewayGroup ?? null;
  const who = group === null ? '' : `, where the group ${escapeControl(group)} may connect`;
  return [...address, '', ...wrap(`no server is connected to ${escapeControl(gateway)}${who}`, width)];
}

/** Says that messages wait, and what to do when nobody takes them. */
export function findWaiting({ servers = [], sends = null, core, modules = [] }: Partial<CoreStatus>): Trouble[] {
  if (sends === null || sends.waiting === 0) return [];
  const of = modules.filter(({ sends }) => sends.waiting > 0).map(({ name, sends }) => `${name}: ${sends.waiting}`);
  const waits = `${counted(sends.waiting, 'message')} that modules sent ${sends.waiting === 1 ? 'waits' : 'wait'}`;
  const byModule = of.length > 0 ? ` (${of.join(', ')})` : '';
  if (servers.some(({ takesSends }) => takesSends)) return [findAway(sends, `${waits} for a server${byModule}`)];
  const { gateway = null, http = null } = core ?? {};
  const ways = [
    ...(gateway === null ? [] : [`connect to ${gateway}`]),
    ...(http === null ? [] : [`read them at /v1/sends, over HTTP at ${http}`]),
  ];
  const remedy =
    ways.length === 0
      ? 'let the program that embeds the core take them, with takeSends'
      : `let a server that takes sends ${ways.join(', or ')}`;
  return [{ level: 'warning', module: null, what: `${waits}, and no server takes them${byModule}`, remedy }];
}

/** Even when servers take sends, some messages may wait for another server. */
function findAway({ away = [] }: Partial<SendsStatus>, waits: string): Trouble {
  if (away.length === 0) return { level: 'note', module: null, what: waits, remedy: null };
  const names = away.map(({ server, waiting }) => `${escapeControl(server)}: ${waiting}`).join(', ');
  const [who, it] = away.length === 1 ? ['a server that is away takes', 'it'] : ['servers that are away take', 'them'];
  const remedy = `let ${it} connect and take sends; what waits longer than send_ttl is given up`;
  return { level: 'warning', module: null, what: `${waits}; only ${who} some of them (${names})`, remedy };
}
