/** A store, and what it has reported, for tests of the store. */

import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Entry } from '../../src/sends/queue/entry.js';
import { SendStore } from '../../src/sends/store/store.js';
import { makeEntry } from './entries.js';

/** A store, and what it says. */
export class StoreScene {
  readonly memory = new Map<number, Entry>();
  readonly names = new Set<string>();
  readonly said: string[] = [];
  readonly store: SendStore;
  read: Entry[] = [];
  readonly #waiting: { pattern: RegExp; resolve: () => void }[] = [];

  constructor(readonly folder: string) {
    this.store = new SendStore({
      folder,
      moment: () => ({ wallMs: Date.now(), nowMs: performance.now() }),
      say: (level, text) => this.#say(`${level}: ${text}`),
      loaded: async ({ entries, names }) => {
        for (const name of names) this.names.add(name);
        this.read = entries;
        for (const entry of entries) this.memory.set(entry.key, entry);
      },
      all: () => this.memory.values(),
      names: () => this.names,
    });
    onTestFinished(() => this.store.close());
  }

  put(payload?: string): Entry {
    const entry = makeEntry(payload === undefined ? {} : { payload });
    this.memory.set(entry.key, entry);
    this.store.put(entry);
    return entry;
  }

  remove(entry: Entry): void {
    this.memory.delete(entry.key);
    this.store.remove(entry);
  }

  /** Resolves when it has said something. */
  says(pattern: RegExp): Promise<void> {
    if (this.said.some((text) => pattern.test(text))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  #say(text: string): void {
    this.said.push(text);
    for (const { pattern, resolve } of this.#waiting) if (pattern.test(text)) resolve();
  }
}

/** One that is open. */
export async function opened(folder: string): Promise<StoreScene> {
  const scene = new StoreScene(folder);
  await scene.store.open();
  return scene;
}

/** The payloads of the messages in a store. */
export async function payloadsIn(folder: string): Promise<string[]> {
  const scene = await opened(folder);
  await scene.store.close();
  expect(scene.said).toEqual([]);
  return scene.read.map(({ payload }) => Buffer.from(payload).toString());
}

/** The files beside a store, without the store. */
export function besides(folder: string): string[] {
  return readdirSync(dirname(folder)).filter((name) => name !== basename(folder));
}
