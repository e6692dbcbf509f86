/** A scene with a component: a server of its own that is connected to Prosody. */

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { findFreePort, type ProsodyOptions } from './prosody.js';
import { makeScene, type Scene } from './scene.js';

/** Its host. */
export const SMS = 'sms.localhost';

/** A scene with a component that has been let in. */
export async function makeComponentScene(
  options: Pick<ProsodyOptions, 'options' | 'globals'> = {},
): Promise<Scene & { component: Component }> {
  const port = await findFreePort();
  const scene = await makeScene({
    ...options,
    globals: `component_ports = { ${port} }\ncomponent_interfaces = { "127.0.0.1" }\n${options.globals ?? ''}`,
    more: `Component "${SMS}"\ncomponent_secret = "word"`,
  });
  await scene.prosody.logged(/Activated service 'component' on \[/);
  const component = new Component(port);
  await component.open(SMS, 'word');
  return { ...scene, component };
}

/** A server beside Prosody, as XEP-0114 has it: what it writes once it is let in, and what it reads. */
export class Component {
  text = '';
  readonly #socket;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setEncoding('utf8');
    // What is written reaches Prosody at once, in the order of the test.
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (part: string) => {
      this.text += part;
      for (const look of this.#waiting.splice(0)) look();
    });
    onTestFinished(() => void this.#socket.destroy());
  }

  async open(host: string, secret: string): Promise<void> {
    const [component, streams] = ['jabber:component:accept', 'http://etherx.jabber.org/streams'];
    this.write(`<stream:stream xmlns="${component}" xmlns:stream="${streams}" to="${host}">`);
    const [, id] = await this.reads(/<stream:stream [^>]*id=['"]([^'"]+)['"]/);
    this.write(`<handshake>${createHash('sha1').update(`${id}${secret}`).digest('hex')}</handshake>`);
    await this.reads(/<handshake/);
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  async reads(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      await new Promise<void>((done) => this.#waiting.push(done));
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}
