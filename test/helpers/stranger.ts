/** A client of the control socket that does what none of our clients would do. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeReply, type Reply } from '../../src/control/frames.js';
import { FrameReader, frameOf } from '../../src/wire/framing.js';

/** Speaks in bytes, and reads only when it is told to. */
export class Stranger {
  readonly socket: Socket;
  readonly #reader = new FrameReader(2 ** 30);

  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket.on('error', () => undefined);
    for (const event of ['readable', 'end', 'close']) socket.on(event, () => this.#wake());
  }

  /** Connects to the listener in a run directory. */
  static async dial(runDir: string): Promise<Stranger> {
    const socket = connect(join(runDir, 'control.sock'));
    await once(socket, 'connect');
    return new Stranger(socket);
  }

  /** Writes one message, its length before it. */
  ask(message: Uint8Array): void {
    this.socket.write(Buffer.concat(frameOf(message)));
  }

  /** The next reply; `null` when the connection ends before it. */
  async reply(): Promise<Reply | null> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame) return decodeReply(frame);
      const chunk = (this.socket.read() ?? null) as Buffer | null;
      if (chunk) this.#reader.push(chunk);
      else if (this.socket.readableEnded || this.socket.destroyed) return null;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next replies, as many as are wanted. */
  async take(count: number): Promise<(Reply | null)[]> {
    const taken: (Reply | null)[] = [];
    while (taken.length < count) taken.push(await this.reply());
    return taken;
  }

  /** Reads all replies until the connection ends. */
  async replies(): Promise<Reply[]> {
    const all: Reply[] = [];
    for (let reply = await this.reply(); reply; reply = await this.reply()) all.push(reply);
    return all;
  }
}
