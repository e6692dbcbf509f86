/** Local servers. A test file closes them, after each test or at its end. */

import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A server on 127.0.0.1. */
export interface LocalServer {
  port: number;
  /** `127.0.0.1:port` */
  host: string;
  /** Every connection that was made to it. */
  sockets: Socket[];
}

/** A request as it came over the wire. */
export interface RawRequest {
  /** Request line and header, without the empty line. */
  lines: string[];
  body: string;
  /** Everything, a character for each byte. */
  text: string;
}

/** A server that keeps the requests that it got. */
export interface RawServer extends LocalServer {
  requests: RawRequest[];
}

/** Serves connections. */
export async function serveTcp(connected: (socket: Socket) => void): Promise<LocalServer> {
  return await listen(createServer(connected));
}

/** Serves HTTP by Node's own server. */
export async function serveHttp(listener: RequestListener): Promise<LocalServer> {
  return await listen(createHttpServer(listener));
}

/** Calls with each request as it came over the wire. What is written back is up to the test. */
export async function serveRaw(
  answer: (request: RawRequest, socket: Socket, index: number) => void,
): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const server = await serveTcp((socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let request = parse(text); request !== null; request = parse(text)) {
        text = text.slice(request.text.length);
        requests.push(request);
        answer(request, socket, requests.length - 1);
      }
    });
  });
  return { ...server, requests };
}

/** Makes the requested tunnels, all to one place, whatever their target. */
export async function serveTunnels(
  port: number,
  answer = 'HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n',
): Promise<RawServer> {
  return await serveRaw((_, socket) => {
    socket.removeAllListeners('data');
    const onward = connect(port, '127.0.0.1', () => {
      socket.write(answer);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
}

/** A complete response. */
export function response(body: string, ...headers: string[]): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `${['HTTP/1.1 200 OK', length, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const closers: (() => unknown)[] = [];

/** Closes what was opened so far. */
export async function closeServers(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

/** Has something closed together with the servers. */
export function closeWithServers(close: () => unknown): void {
  closers.push(close);
}

/** Lets a server listen until `closeServers`. */
export async function listen(server: Server): Promise<LocalServer> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, host: `127.0.0.1:${port}`, sockets };
}

function parse(text: string): RawRequest | null {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const lines = text.slice(0, end).split('\r\n');
  const length = Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1] ?? 0);
  const whole = text.slice(0, end + 4 + length);
  if (whole.length < end + 4 + length) return null;
  return { lines, body: whole.slice(end + 4), text: whole };
}
