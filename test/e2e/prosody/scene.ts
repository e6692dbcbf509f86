/** A Prosody with a scripted core, and two users. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ScriptedGateway, type ToldEvent } from '../../helpers/scripted-gateway.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { type Prosody, type ProsodyOptions, startProsody } from './prosody.js';
import { User } from './user.js';

/** What a test has. */
export interface Scene {
  gateway: ScriptedGateway;
  prosody: Prosody;
  alice: User;
  bob: User;
}

export async function makeScene(options: Omit<ProsodyOptions, 'socket'> = {}): Promise<Scene> {
  const gateway = await ScriptedGateway.open(join(makeTempDir(), 'gateway.sock'));
  const prosody = await startProsody({ ...options, socket: gateway.path });
  await prosody.logged(/The core scripted at .* serves/);
  const [alice, bob] = [await User.login(prosody, 'alice'), await User.login(prosody, 'bob')];
  return { gateway, prosody, alice, bob };
}

/** Answers that a test gives when it likes. */
export class Held {
  readonly #gateway: ScriptedGateway;
  readonly #open = new Map<string, (outcome: object | null) => void>();

  constructor(gateway: ScriptedGateway) {
    this.#gateway = gateway;
    gateway.answer = (event: ToldEvent) => {
      const { message } = event;
      if (!message) return { verdict: 'pass' };
      return new Promise((done) => this.#open.set(message.text as string, done));
    };
  }

  /** Resolves when the message with this text waits for its verdict. */
  async waits(text: string): Promise<void> {
    await this.#gateway.until(() => this.#gateway.asked.includes(text));
  }

  async give(text: string, outcome: object | null = { verdict: 'pass' }): Promise<void> {
    await this.waits(text);
    this.#open.get(text)?.(outcome);
  }
}

/** The number that modules know an id by. */
export function numberOf(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  return String(digest.readBigUInt64BE() & ((1n << 62n) - 1n));
}

/** Lets a module send something, and resolves when it is acknowledged; returns whether it was refused. */
export async function send(
  { gateway }: Scene,
  id: string,
  params: object,
  content: object = { text: `text ${id}` },
): Promise<boolean> {
  const at = gateway.acks.length;
  gateway.tell({ send: { sent_id: id, module: 'sender', params, ...content } });
  const find = () => gateway.acks.slice(at).find(({ sent_ids }) => sent_ids.includes(id));
  await gateway.until(() => find() !== undefined);
  return find()?.refused === true;
}
