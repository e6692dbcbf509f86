/** The metrics of what modules send, and of the servers that take it: pure. */

import type { ServerStatus } from '../supervisor/types.js';
import { labelsOfServer, manyOfModules, ofModules, single } from './samples.js';
import type { MetricDefinition, Scrape } from './types.js';

const ENDS = ['delivered', 'refused', 'expired', 'consumed'] as const;
const ofEnd = ENDS.map((fate) => [fate, { fate }] as const);
const UNDELIVERED = { fate: 'undelivered' };

const FATES =
  'delivered: a server has acknowledged it. refused: a server has. expired: it waited longer than send_ttl. consumed: chain_sends, a module has';

/** A metric of one value for each server that is connected. */
function ofServers(name: string, help: string, read: (server: ServerStatus) => number): MetricDefinition {
  return {
    name,
    type: 'gauge',
    help,
    labels: ['server'],
    read: ({ servers }) =>
      servers.map((server) => ({ sharedLabels: labelsOfServer(server.name), value: read(server) })),
  };
}

const counters = ({ sends }: Scrape) => sends?.counters ?? null;

export const SENDS_METRICS: readonly MetricDefinition[] = [
  ofModules(
    'counter',
    { name: 'sent_messages_total', help: 'Messages that the module has sent' },
    ({ totals }) => totals.sends.total,
  ),
  ofModules(
    'counter',
    {
      name: 'rejected_sends_total',
      help: 'Messages for which send_message returned -1, as its black box was full or too much waited',
    },
    ({ totals }) => totals.sends.refused,
  ),
  manyOfModules(
    'counter',
    {
      name: 'sends_total',
      help: `Messages of the module whose outcome is known. ${FATES}. undelivered: nobody was there to take it`,
      labels: ['fate'],
    },
    ({ name, totals }, { sends }) => {
      const { refusedByServer: refused = 0, ...ends } = sends?.ofModule(name) ?? {};
      const of = { delivered: 0, expired: 0, consumed: 0, ...ends, refused };
      return [
        ...ofEnd.map(([fate, labels]) => [labels, of[fate]] as const),
        [UNDELIVERED, totals.sends.undelivered] as const,
      ];
    },
  ),
  ofModules(
    'gauge',
    { name: 'sends_waiting', help: 'Messages of the module that wait for a server, or for its acknowledgement' },
    ({ name }, { sends }) => sends?.ofModule(name).waiting ?? null,
  ),
  {
    name: 'core_sends_total',
    type: 'counter',
    help: `Messages of all modules, also of those that are not configured any more. ${FATES}`,
    labels: ['fate'],
    read: ({ sends }) =>
      sends === null ? [] : ofEnd.map(([fate, sharedLabels]) => ({ sharedLabels, value: sends.counters[fate] })),
  },
  single(
    'gauge',
    { name: 'core_sends_waiting', help: 'Messages of all modules that wait for a server, or for its acknowledgement' },
    (scrape) => counters(scrape)?.waiting ?? null,
  ),
  single(
    'gauge',
    { name: 'core_sends_waiting_bytes', help: 'Payloads and addresses of the messages that wait' },
    (scrape) => counters(scrape)?.bytes ?? null,
  ),
  single(
    'gauge',
    { name: 'core_sends_limit', help: 'Setting send_queue: messages that may wait' },
    ({ sends }) => sends?.maxMessages ?? null,
  ),
  single(
    'gauge',
    { name: 'core_sends_limit_bytes', help: 'Setting send_memory: payloads and addresses that may wait' },
    ({ sends }) => sends?.maxBytes ?? null,
  ),
  {
    name: 'sends_waiting_for_absent_server',
    type: 'gauge',
    help: 'Messages that wait for a server that takes none now; the ten servers with the most of them',
    labels: ['server'],
    read: ({ sends }) =>
      (sends?.away ?? []).map(({ server, waiting }) => ({ sharedLabels: labelsOfServer(server), value: waiting })),
  },
  ofServers('clients', 'Connections of servers, by the name of the server', ({ connections }) => connections),
  ofServers('client_takes_sends', '1: the server takes what modules send', ({ takesSends }) => (takesSends ? 1 : 0)),
  ofServers(
    'client_events_in_progress',
    'Events of the server that have no outcome yet',
    ({ inProgress }) => inProgress,
  ),
  ofServers(
    'client_sends_unacknowledged',
    'Messages of modules that the server has and has not acknowledged',
    ({ unacknowledged }) => unacknowledged,
  ),
];
