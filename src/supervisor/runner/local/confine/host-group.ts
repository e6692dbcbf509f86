/** The control groups of one host: what limits it together with all that it starts. */

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { listOrEmpty, readOrEmpty } from '../../../../or-empty.js';
import { isThere } from '../../../../proc.js';
import { type Delegated, prepare } from './delegation.js';
import type { Controller, GroupPlace } from './hierarchies.js';

/** What it limits; `null`: not that. */
export interface GroupLimits {
  memoryBytes: number | null;
  nproc: number | null;
}

const PREFIX = 'mesibo-modules';
/** What is killed is gone soon, unless it waits for a disk. */
const REMOVE = { everyMs: 20, times: 250 };
/** A count is compared with one that is at least this old. */
const WINDOW_MS = 2000;
/** Of the limit, what a group had at its most when the kernel found no page for it. */
const NEARLY = 0.95;

let lastNumber = 0;

/** Made before its host begins, and removed after it. */
export class HostGroup {
  /** What a process writes its id to, to be in it. */
  readonly files: string[];
  readonly #places: { controller: Controller; version: 1 | 2; directory: string; limit: number }[] = [];
  #refused: { atMs: number; count: number }[] = [];

  /** @throws an error of the system; then there is none */
  constructor({ memoryBytes, nproc }: GroupLimits, delegated: Delegated) {
    lastNumber += 1;
    const name = `${PREFIX}-${process.pid}-${lastNumber}`;
    const wanted: [Controller, number | null][] = [
      ['memory', memoryBytes],
      ['pids', nproc],
    ];
    const controllers = wanted.flatMap(([controller, limit]) => (limit === null ? [] : [controller]));
    try {
      for (const [controller, limit] of wanted) {
        const place = delegated[controller];
        if (limit !== null && typeof place !== 'string') this.#make(controller, place, name, limit, controllers);
      }
    } catch (error) {
      void this.close();
      throw error;
    }
    this.files = [...new Set(this.#places.map(({ directory }) => join(directory, 'cgroup.procs')))];
  }

  #make(controller: Controller, place: GroupPlace, name: string, limit: number, all: readonly Controller[]): void {
    prepare(place, place.version === 1 ? [controller] : all);
    const directory = join(place.directory, name);
    if (!this.#places.some((made) => made.directory === directory)) mkdirSync(directory);
    this.#places.push({ controller, version: place.version, directory, limit });
    for (const [file, value, isNeeded] of settingsOf(controller, place.version, limit)) {
      try {
        writeFileSync(join(directory, file), value, { flag: 'r+' });
      } catch (error) {
        if (isNeeded) throw error;
      }
    }
  }

  /** Notes what has happened in it so far. Called often. */
  note(nowMs = performance.now()): void {
    const last = this.#refused.at(-1);
    if (last !== undefined && nowMs - last.atMs < WINDOW_MS) return;
    const count = this.#countRefused();
    if (count !== null) this.#refused = [...(last === undefined ? [] : [last]), { atMs: nowMs, count }];
  }

  /** Whether the kernel has ended a process of it because it had too much memory. */
  hasRunOutOfMemory(): boolean {
    const place = this.#places.find(({ controller }) => controller === 'memory');
    if (place === undefined) return false;
    const { version, directory, limit } = place;
    if (version === 2) {
      // The kernel also counts kills because of a group above it, or because the machine has no memory left.
      const events = readOrEmpty(join(directory, 'memory.events'));
      return countOf(events, 'oom_kill') > 0 && countOf(events, 'oom') > 0;
    }
    const most = Number(readOrEmpty(join(directory, 'memory.max_usage_in_bytes')));
    return countOf(readOrEmpty(join(directory, 'memory.oom_control')), 'oom_kill') > 0 && most > NEARLY * limit;
  }

  /** Whether it was refused another process or thread in the last seconds. */
  hasRunOutOfTasks(): boolean {
    const count = this.#countRefused();
    return count !== null && count > (this.#refused[0]?.count ?? 0);
  }

  /** Ends what is left in it, and removes it. */
  async close(): Promise<void> {
    for (let times = 0; times < REMOVE.times; times++) {
      if (this.#places.every(({ controller, directory }) => tryToRemove(controller, directory))) return;
      await new Promise((resolve) => setTimeout(resolve, REMOVE.everyMs).unref());
    }
  }

  #countRefused(): number | null {
    const place = this.#places.find(({ controller }) => controller === 'pids');
    if (place === undefined) return null;
    return countOf(readOrEmpty(join(place.directory, 'pids.events')), 'max');
  }
}

function countOf(events: string, name: string): number {
  const line = events.split('\n').find((line) => line.startsWith(`${name} `)) ?? '';
  return Number(line.slice(name.length + 1));
}

/** File, value, and whether the limit does not hold without it. */
function settingsOf(controller: Controller, version: 1 | 2, limit: number): [string, string, boolean][] {
  if (controller === 'pids') return [['pids.max', `${limit}`, true]];
  if (version === 1) {
    return [
      ['memory.limit_in_bytes', `${limit}`, true],
      // With the swap that it may use. Kernels without an account of swap do not have it.
      ['memory.memsw.limit_in_bytes', `${limit}`, false],
    ];
  }
  return [
    ['memory.max', `${limit}`, true],
    ['memory.swap.max', '0', false],
    // The host is useless without a process of its own, and the other way round.
    ['memory.oom.group', '1', false],
  ];
}

/** Removes the groups of cores that were killed; groups with processes stay. */
export function removeOldGroups(delegated: Delegated): void {
  const places = Object.values(delegated).filter((place) => typeof place !== 'string');
  for (const directory of new Set(places.map((place) => place.directory))) {
    for (const name of listOrEmpty(directory)) {
      const pid = Number(/^mesibo-modules-(\d+)-\d+$/.exec(name)?.[1] ?? 0);
      if (pid !== 0 && pid !== process.pid && !isThere(pid)) tryToRemove('memory', join(directory, name));
    }
  }
}

/** @returns whether it is gone */
function tryToRemove(controller: Controller, directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    endAll(controller, directory);
    return false;
  }
}

/** A process that forks faster than others are killed is kept from that first. */
function endAll(controller: Controller, directory: string): void {
  if (controller === 'pids') tryToWrite(join(directory, 'pids.max'), '0');
  if (tryToWrite(join(directory, 'cgroup.kill'), '1')) return;
  for (const pid of readOrEmpty(join(directory, 'cgroup.procs')).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

function tryToWrite(file: string, value: string): boolean {
  try {
    writeFileSync(file, value, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}
