/** A client that writes what a test says, byte for byte: over TCP, TLS and WebSocket, and what it reads. */

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';
import { HOST } from './prosody.js';

/** How a client gets to Prosody. */
export type Way = 'tcp' | 'tls' | 'websocket';

/** The header of a WebSocket frame from a client, and the frame: its mask is 0, which changes nothing. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(payload.length < 126 ? 6 : 8);
  header[0] = 0x81;
  if (payload.length < 126) header[1] = 0x80 | payload.length;
  else {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([header, payload]);
}

/** Somebody who is logged in. */
export class RawClient {
  text = '';
  readonly #way: Way;
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];

  private constructor(way: Way, port: number) {
    this.#way = way;
    this.#socket =
      way === 'tls'
        ? connectTls({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false })
        : connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => undefined);
    // What is beside the text, in WebSocket frames, does not matter here.
    this.#socket.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      for (const look of this.#waiting.splice(0)) look();
    });
    onTestFinished(() => this.end());
  }

  static async login(way: Way, port: number, name: string): Promise<RawClient> {
    const client = new RawClient(way, port);
    if (way === 'websocket') await client.#upgrade();
    await client.#openStream(/<\/mechanisms>/);
    const plain = Buffer.from(`\0${name}\0secret`).toString('base64');
    client.write([`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${plain}</auth>`]);
    await client.reads(/<success/);
    await client.#openStream(/<bind/);
    const bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>';
    client.write([`<iq type="set" id="bind" xmlns="jabber:client">${bind}</iq>`]);
    await client.reads(/<jid>/);
    return client;
  }

  /** Writes stanzas, all at once. */
  write(stanzas: string[]): void {
    if (this.#way === 'websocket') this.#socket.write(Buffer.concat(stanzas.map(frame)));
    else this.#socket.write(stanzas.join(''));
  }

  async reads(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await new Promise<void>((done) => this.#waiting.push(done));
  }

  end(): void {
    this.#socket.destroy();
  }

  async #upgrade(): Promise<void> {
    const key = randomBytes(16).toString('base64');
    this.#socket.write(
      `GET /xmpp-websocket HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await this.reads(/101 .*\r\n\r\n/s);
  }

  async #openStream(features: RegExp): Promise<void> {
    this.text = '';
    this.write([
      this.#way === 'websocket'
        ? `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="${HOST}" version="1.0"/>`
        : `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="${HOST}" version="1.0">`,
    ]);
    await this.reads(features);
  }
}
