/** The routes of what modules send. */

import type { SendSource, StatusOfSend } from '../../sends/types.js';
import { inputOf } from '../../wire/params.js';
import { schemaOf } from '../requests/fields.js';
import { ACK_FIELDS, readAck, readSendStatus, SEND_STATUS_FIELDS } from '../requests/send-status.js';
import { SEND, SEND_TAKEN, SERVER_QUERY } from '../schemas.js';
import type { SendDesk } from '../sends/send-desk.js';
import type { Caller, Visit, Visits } from '../visits.js';
import type { Route } from './route.js';

/** What they need. */
export interface SendRoutesOptions {
  desk: SendDesk;
  visits: Visits;
  sends: SendSource;
}

/** Those of one core. */
export function sendRoutes({ desk, visits, sends }: SendRoutesOptions): Route[] {
  /** What the module sends because of it is for this server, as with an event. */
  const tell = (caller: Caller, status: StatusOfSend) =>
    new Promise<void>((resolve, reject) => {
      const begin = (visit: Visit) => {
        const over = (then: () => void) => () => {
          visit.end();
          then();
        };
        void sends.status(status).then(over(resolve), (error: unknown) => over(() => reject(error))());
      };
      visits.enter(caller, 0, begin, reject);
    });
  return [
    {
      method: 'GET',
      path: '/v1/sends',
      summary: 'What modules send, as server-sent events: `id` is the id of the send, and `data` a document.',
      query: {
        ...SERVER_QUERY,
        instance:
          'a name for this reader of the server, of your choice; a newer stream with the same name ends the older one',
      },
      headers: { 'Last-Event-ID': 'the last send that the reader has read; the stream continues after it' },
      answers: {
        200: {
          description: 'an event for each send, until the connection or the core ends',
          schema: SEND,
          contentType: 'text/event-stream',
        },
      },
      failures: [409, 503],
      handle: ({ server, query, request, connection, response, takeOver }) => {
        const lastId = String(request.headers['last-event-id'] ?? '');
        return desk.open({ server, instance: query.instance ?? '', lastId, connection, request, response }, takeOver);
      },
    },
    {
      method: 'POST',
      path: '/v1/sends/:sentId/ack',
      summary: 'The server has taken a send, or refuses it; it does not come again.',
      query: SERVER_QUERY,
      body: schemaOf(ACK_FIELDS),
      answers: { 200: { description: 'the send no longer waits', schema: SEND_TAKEN } },
      failures: [404, 413, 415],
      handle: ({ server, path: { sentId = '' }, body }) => {
        const { refused } = readAck(body ?? {});
        desk.end(server, sentId, refused ? 'refused' : 'acknowledged');
        return { sentId };
      },
    },
    {
      method: 'POST',
      path: '/v1/sends/:sentId/status',
      summary: 'What became of a send, for its module. `refused` acknowledges it too, unless you have done that.',
      query: SERVER_QUERY,
      body: schemaOf(SEND_STATUS_FIELDS),
      answers: { 200: { description: 'the module has it, or gets it when it can', schema: SEND_TAKEN } },
      failures: [404, 413, 415, 429, 503],
      handle: async ({ server, caller, path: { sentId = '' }, body }) => {
        const { status, isRefusal, params } = readSendStatus(body ?? {});
        const say = () => tell(caller, { sentId, status, params: inputOf(params), server });
        await (isRefusal ? desk.fail(server, sentId, say) : say());
        return { sentId };
      },
    },
  ];
}
