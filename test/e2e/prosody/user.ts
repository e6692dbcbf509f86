/** A real XMPP client, and the stanzas that it has got. */

import { type Client, client, type Element, xml } from '@xmpp/client';
import { onTestFinished } from 'vitest';
import { Waiting } from '../../helpers/waiting.js';
import { HOST, ROOMS } from './prosody.js';

export { type Element, xml };

/** What a user's message may have beside its text. */
export interface Saying {
  id?: string;
  type?: string;
  extra?: Element[];
}

/** A server that is there for clients. */
export interface ChatServer {
  readonly port: number;
}

/** Somebody who is logged in. */
export class User {
  readonly name: string;
  readonly bare: string;
  readonly client: Client;
  readonly inbox: Element[] = [];
  /** The texts that have come, in their order. */
  readonly texts: string[] = [];
  readonly #waiting = new Waiting();
  #count = 0;

  constructor(server: ChatServer, name: string, resource: string, domain: string) {
    this.name = name;
    this.bare = `${name}@${domain}`;
    this.client = client({
      service: `xmpp://127.0.0.1:${server.port}`,
      domain,
      username: name,
      password: 'secret',
      resource,
    });
    // A busy machine takes longer than its two seconds.
    this.client.timeout = 30_000;
    this.client.on('error', (error: Error) => this.#waiting.fail(error));
    this.client.on('stanza', (stanza: Element) => this.#note(stanza));
    this.client.reconnect.stop();
  }

  /** Logs somebody in. He logs out with the test. */
  static async login(server: ChatServer, name: string, resource = 'phone', domain = HOST): Promise<User> {
    const user = new User(server, name, resource, domain);
    onTestFinished(() => user.cut());
    await user.client.start();
    await user.client.send(xml('presence'));
    await user.until(() => user.inbox.some((stanza) => stanza.is('presence') && stanza.attrs.from === user.full));
    return user;
  }

  get full(): string {
    return String((this.client as unknown as { jid: unknown }).jid);
  }

  /** The messages that have come, errors included. */
  get messages(): Element[] {
    return this.inbox.filter((stanza) => stanza.is('message'));
  }

  /** Writes to an address; returns the id of the message. */
  async say(to: string, text: string | null, { id, type = 'chat', extra = [] }: Saying = {}): Promise<string> {
    const named = id ?? `${this.name}-${++this.#count}`;
    const body = text === null ? [] : [xml('body', {}, text)];
    await this.client.send(xml('message', { to, type, id: named }, ...body, ...extra));
    return named;
  }

  /** Goes into a room, and makes it if it is new. */
  async join(room: string, nick = this.name): Promise<void> {
    const at = this.inbox.length;
    const x = xml('x', { xmlns: 'http://jabber.org/protocol/muc' });
    await this.client.send(xml('presence', { to: `${room}@${ROOMS}/${nick}` }, x));
    // The subject comes last.
    await this.until(() => this.inbox.slice(at).some((stanza) => stanza.getChild('subject') !== undefined));
  }

  /** Resolves when a message with this text has come. */
  async got(text: string): Promise<Element> {
    const find = () => this.messages.find((message) => message.getChildText('body') === text);
    await this.until(() => find() !== undefined);
    return find() as Element;
  }

  /** Resolves when the condition holds; it is looked at with each stanza. */
  until(holds: () => boolean): Promise<void> {
    return this.#waiting.until(holds);
  }

  /** Logs out as one should. */
  async logout(): Promise<void> {
    await this.client.stop();
  }

  /** Cuts the connection. */
  cut(): void {
    this.client.socket?.destroy();
  }

  #note(stanza: Element): void {
    this.inbox.push(stanza);
    const text = stanza.is('message') ? stanza.getChildText('body') : null;
    if (text !== null) this.texts.push(text);
    this.#waiting.look();
  }
}
