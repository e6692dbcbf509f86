/** A core's gateway without a core: it speaks the JSON lines, and answers as a test says. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** The JSON of one event. */
export interface ToldEvent {
  id: string;
  message?: { params: Record<string, string>; text?: string; payload?: string };
  status?: Record<string, string>;
  login?: Record<string, string>;
}

/** What is answered to an event: the fields of an Outcome but its id; `null`: nothing. */
export type Answer = (event: ToldEvent) => object | null | Promise<object | null>;

/** Frames by their kind. */
type Frame = { hello?: Record<string, unknown>; event?: ToldEvent; ack?: ToldAck; send_status?: ToldStatus };

interface ToldAck {
  sent_ids: string[];
  refused?: boolean;
}

interface ToldStatus {
  sent_id: string;
  status: number;
}

const PASS = () => ({ verdict: 'pass' });

/** Listens at a path. It ends with the test. */
export class ScriptedGateway {
  readonly path: string;
  readonly hellos: Record<string, unknown>[] = [];
  readonly events: ToldEvent[] = [];
  readonly acks: ToldAck[] = [];
  readonly statuses: ToldStatus[] = [];
  answer: Answer = PASS;
  welcome = {
    version: 1,
    core_version: 'scripted',
    max_message: 1 << 20,
    window: 256,
    callbacks: ['on_message', 'on_message_status', 'on_login'],
    chain_deadline_ms: 60_000,
  };
  #server: Server | null = null;
  #sockets = new Set<Socket>();
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor(path: string) {
    this.path = path;
    onTestFinished(() => this.close());
  }

  static async open(path: string): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway(path);
    await gateway.listen();
    return gateway;
  }

  async listen(): Promise<void> {
    this.#server = createServer((socket) => this.#serve(socket)).listen(this.path);
    await once(this.#server, 'listening');
  }

  /** Cuts all connections, and lets none in. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    server.close();
    this.cut();
    await once(server, 'close');
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The texts of the messages that were asked about. */
  get asked(): string[] {
    return this.events.flatMap(({ message }) => message?.text ?? []);
  }

  /** Writes a frame to all connections. */
  tell(frame: object): void {
    this.write(`${JSON.stringify(frame)}\n`);
  }

  write(text: string): void {
    for (const socket of this.#sockets) socket.write(text);
  }

  /** Resolves when the condition holds; it is looked at with each frame. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = createInterface(socket);
    // The line reader repeats the errors of its input.
    lines.on('error', () => undefined);
    lines.on('line', (line) => void this.#take(JSON.parse(line) as Frame, socket));
  }

  async #take({ hello, event, ack, send_status }: Frame, socket: Socket): Promise<void> {
    if (hello) {
      this.hellos.push(hello);
      socket.write(`${JSON.stringify({ welcome: this.welcome })}\n`);
    }
    if (ack) this.acks.push(ack);
    if (send_status) this.statuses.push(send_status);
    if (event) this.events.push(event);
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
    if (!event) return;
    const outcome = await this.answer(event);
    if (outcome) socket.write(`${JSON.stringify({ outcome: { id: event.id, ...outcome } })}\n`);
  }
}
