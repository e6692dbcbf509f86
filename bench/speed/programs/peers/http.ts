/** A server of node:http on a Unix socket, asked with JSON, as a webhook is. */

import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { makePayload, PLAIN_PARAMS } from '../message.js';
import { runPeer } from './peer.js';
import { Window } from './window.js';

await runPeer(
  import.meta.url,
  (path) => {
    const server = createServer(async (asked, answer) => {
      JSON.parse(await readText(asked));
      const body = JSON.stringify({ value: 0 });
      answer.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
    return new Promise((resolve) => server.listen(path, resolve));
  },
  (load, answerer, socketPath) => {
    const payload = makePayload(load.bytes);
    const agent = new Agent({ keepAlive: true, maxSockets: load.window, maxFreeSockets: load.window });
    const window = new Window(load, [process.pid, answerer.pid], (slot) => {
      const body = JSON.stringify({ params: PLAIN_PARAMS, payload: payload.toString('base64') });
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const asking = request({ socketPath, agent, method: 'POST', path: '/message', headers }, async (answer) => {
        JSON.parse(await readText(answer));
        window.answered(slot);
      });
      asking.end(body);
    });
    return window.run();
  },
);

function readText(message: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    message.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    message.on('end', () => resolve(text)).on('error', reject);
  });
}
