/**
 * Who gets what next: pure.
 *
 * A message that a server's event caused waits for that server. Other messages of a module go to one server, the home of the
 * module, as long as that is connected. So each server gets the messages of a module in their order. Modules take turns.
 */

import type { ServerAway } from '../../supervisor/types.js';
import type { Entry } from './entry.js';
import { RowList } from './row-list.js';

/** How many names of servers are remembered when they are gone and nothing waits for them. */
const MAX_KNOWN = 1024;
/** A server with this much unacknowledged gets no more, even if its window is larger. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** A home that is full and has acknowledged nothing for this long loses messages for any server to another one. */
const STUCK_MS = 10_000;

/** The rows of one server, or of `any`: one for each module with waiting messages. */
type Rows = Map<string, RowList<Entry>>;

/** A server that takes entries. */
export interface Holder {
  readonly server: string;
  readonly window: number;
  /** What it has not acknowledged yet, in the order in which it got it. */
  readonly held: Map<string, Entry>;
  /** Their payloads and addresses. */
  heldBytes: number;
}

interface Seat extends Holder {
  /** Modules that something may wait of, in the order of their turns. */
  readonly turns: Set<string>;
  /** How many modules have their home here. */
  homes: number;
  /** When it came, last finished an entry, or got an entry while it had none. */
  progressMs: number;
  /** How much it takes of each module, and how much it has of each; `null`: there is no such limit. */
  readonly byModule: { readonly most: number; readonly held: Map<string, number> } | null;
}

/** Entries that wait, and those who take them. */
export class Dispatch {
  readonly #bound = new Map<string, Rows>();
  readonly #free: Rows = new Map();
  readonly #seats = new Map<string, Seat>();
  /** Where what a module sends by itself goes. */
  readonly #homes = new Map<string, Seat>();
  /** Servers that take sends, or have taken some, the latest last. */
  readonly #known = new Set<string>();
  #place = 0;

  /** Whether something may wait for a server of that name. */
  isKnown(server: string): boolean {
    return this.#known.has(server);
  }

  /** All of those names. */
  get known(): Iterable<string> {
    return this.#known;
  }

  /** Servers that are not connected although messages wait for them; those with the most messages come first. */
  away(): ServerAway[] {
    const away: ServerAway[] = [];
    for (const [server, rows] of this.#bound) {
      if (this.#seats.has(server)) continue;
      let waiting = 0;
      for (const { size } of rows.values()) waiting += size;
      away.push({ server, waiting });
    }
    return away.sort((a, b) => b.waiting - a.waiting);
  }

  /** Makes a name known. */
  know(server: string): void {
    this.#known.delete(server);
    this.#known.add(server);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const name of this.#known) {
      if (this.#seats.has(name) || this.#bound.has(name)) continue;
      this.#known.delete(name);
      return;
    }
  }

  /** Whether a server of that name is there. */
  isHere(server: string): boolean {
    return this.#seats.has(server);
  }

  /** Takes an entry: behind all others of its module, unless it has a place. */
  add(entry: Entry): void {
    if (entry.place === 0) entry.place = ++this.#place;
    const { server, module } = entry;
    this.#rowOf(server, module).insert(entry);
    if (server !== null) this.#seats.get(server)?.turns.add(module);
    else this.#homeOf(module)?.turns.add(module);
  }

  /** Lets an entry go that waits. */
  remove(entry: Entry): void {
    const { list, server, module } = entry;
    if (list === null) return;
    list.remove(entry);
    if (list.first === null) this.#drop(server, module);
  }

  /** Messages that waited for any server now belong to one. They join the others there in the order in which they came. */
  regroup(): void {
    for (const [module, row] of [...this.#free]) {
      const free = [...row];
      if (free.every(({ server }) => server === null)) continue;
      const entries = [...free, ...this.#takeOut(module)].sort((a, b) => a.place - b.place);
      for (const entry of free) row.remove(entry);
      this.#free.delete(module);
      for (const entry of entries) this.add(entry);
    }
  }

  /** Takes out what waits for certain servers. */
  #takeOut(module: string): Entry[] {
    const entries = [...this.#bound.values()].flatMap((rows) => [...(rows.get(module) ?? [])]);
    for (const entry of entries) this.remove(entry);
    return entries;
  }

  /**
   * A server comes. No other of its name is there.
   *
   * @param perModule - how much of each module it takes unacknowledged; `null`: as much as `window` allows, but not too many
   * bytes
   */
  attach(server: string, window: number, nowMs = 0, perModule: number | null = null): Holder {
    const seat: Seat = {
      server,
      window: Math.max(1, window),
      held: new Map(),
      heldBytes: 0,
      turns: new Set(),
      homes: 0,
      progressMs: nowMs,
      byModule: perModule === null ? null : { most: perModule, held: new Map() },
    };
    this.#seats.set(server, seat);
    this.know(server);
    for (const module of this.#bound.get(server)?.keys() ?? []) seat.turns.add(module);
    for (const module of this.#free.keys()) this.#homeOf(module)?.turns.add(module);
    return seat;
  }

  /** A server goes. What it has not acknowledged waits again, before everything that came later. */
  detach(holder: Holder): void {
    const seat = this.#seats.get(holder.server);
    if (seat !== holder) return;
    this.#seats.delete(seat.server);
    for (const entry of [...seat.held.values()].reverse()) {
      this.#rowOf(entry.server, entry.module).insert(entry);
      // Meanwhile it may have become known that it belongs to another server, which is here.
      if (entry.server !== null) this.#seats.get(entry.server)?.turns.add(entry.module);
    }
    seat.held.clear();
    for (const [module, home] of this.#homes) if (home === seat) this.#homes.delete(module);
    for (const module of this.#free.keys()) this.#homeOf(module)?.turns.add(module);
  }

  /** The next entry for a server; it is the server's from here on. `null`: there is none, or the server is full. */
  take(holder: Holder, nowMs = 0): Entry | null {
    const seat = holder as Seat;
    if (isFull(seat)) return null;
    // It may go while it is being given something.
    if (this.#seats.get(seat.server) !== seat) return null;
    for (const module of seat.turns) {
      // The other modules come first from here on.
      seat.turns.delete(module);
      // Its turn comes again when the server has done with one of it.
      if (hasEnough(seat, module)) continue;
      const entry = this.#firstFor(seat, module);
      if (entry === null) continue;
      seat.turns.add(module);
      this.remove(entry);
      // Only now it has something to acknowledge.
      if (seat.held.size === 0) seat.progressMs = Math.max(seat.progressMs, nowMs);
      seat.held.set(entry.sentId, entry);
      seat.heldBytes += entry.bytes;
      seat.byModule?.held.set(module, heldOf(seat, module) + 1);
      return entry;
    }
    return null;
  }

  /** A server has done with an entry. @returns it; `null`: it does not have it */
  release(holder: Holder, sentId: string, nowMs = 0): Entry | null {
    const entry = holder.held.get(sentId) ?? null;
    if (entry === null) return null;
    holder.held.delete(sentId);
    holder.heldBytes -= entry.bytes;
    const seat = holder as Seat;
    seat.progressMs = nowMs;
    if (seat.byModule !== null) giveBack(seat, entry.module);
    return entry;
  }

  /**
   * Messages for any server leave a home that is stuck, if another server has room.
   *
   * @returns when to look again, on the same clock; `null`: nothing waits for a full home
   */
  moveHomes(nowMs: number): number | null {
    let nextMs: number | null = null;
    for (const module of this.#free.keys()) {
      const home = this.#homes.get(module);
      if (!home || !(isFull(home) || hasEnough(home, module))) continue;
      const stuckMs = home.progressMs + STUCK_MS;
      const other = nowMs >= stuckMs ? this.#leastHome((seat) => !isFull(seat)) : null;
      if (other === null) {
        // No other server has room: one may come, or the home may continue.
        const again = Math.max(stuckMs, nowMs + STUCK_MS / 10);
        nextMs = nextMs === null ? again : Math.min(nextMs, again);
        continue;
      }
      home.homes -= 1;
      this.#settle(module, other);
    }
    return nextMs;
  }

  /** Takes out the entries that have waited since before that time, at the front of each row. */
  expire(beforeMs: number): Entry[] {
    const expired: Entry[] = [];
    for (const row of this.#rows()) {
      while (row.first !== null && row.first.sinceMs <= beforeMs) {
        expired.push(row.first);
        this.remove(row.first);
      }
    }
    return expired;
  }

  /** Since when the oldest one waits; `null`: none waits. */
  oldestMs(): number | null {
    let oldest: number | null = null;
    for (const { first } of this.#rows()) {
      if (first !== null && (oldest === null || first.sinceMs < oldest)) oldest = first.sinceMs;
    }
    return oldest;
  }

  *#rows(): Generator<RowList<Entry>> {
    yield* this.#free.values();
    for (const rows of this.#bound.values()) yield* rows.values();
  }

  #firstFor(seat: Seat, module: string): Entry | null {
    const own = this.#bound.get(seat.server)?.get(module)?.first ?? null;
    const free = this.#homes.get(module) === seat ? (this.#free.get(module)?.first ?? null) : null;
    if (own === null || free === null) return own ?? free;
    return own.place < free.place ? own : free;
  }

  /** `null`: nobody is there. */
  #homeOf(module: string): Seat | null {
    const home = this.#homes.get(module);
    if (home) return home;
    const best = this.#leastHome(() => true);
    return best && this.#settle(module, best);
  }

  /** The server that is home to the fewest modules. */
  #leastHome(isFit: (seat: Seat) => boolean): Seat | null {
    let best: Seat | null = null;
    for (const seat of this.#seats.values()) if (isFit(seat) && (best === null || seat.homes < best.homes)) best = seat;
    return best;
  }

  #settle(module: string, seat: Seat): Seat {
    seat.homes += 1;
    this.#homes.set(module, seat);
    // What was sent earlier and waits for this server comes first.
    seat.turns.add(module);
    return seat;
  }

  #rowOf(server: string | null, module: string): RowList<Entry> {
    let rows = server === null ? this.#free : this.#bound.get(server);
    if (!rows) {
      rows = new Map();
      this.#bound.set(server as string, rows);
    }
    let row = rows.get(module);
    if (!row) {
      row = new RowList<Entry>();
      rows.set(module, row);
    }
    return row;
  }

  #drop(server: string | null, module: string): void {
    if (server === null) {
      this.#free.delete(module);
      return;
    }
    const rows = this.#bound.get(server);
    rows?.delete(module);
    if (rows?.size === 0) this.#bound.delete(server);
  }
}

/** Whether a server has all that it takes. */
function isFull({ held, window, heldBytes, byModule }: Seat): boolean {
  return held.size >= window || (byModule === null && heldBytes >= MAX_HELD_BYTES);
}

/** Whether it has all that it takes of one module. */
function hasEnough(seat: Seat, module: string): boolean {
  return seat.byModule !== null && heldOf(seat, module) >= seat.byModule.most;
}

function heldOf({ byModule }: Seat, module: string): number {
  return byModule?.held.get(module) ?? 0;
}

/** It has one less of a module. */
function giveBack(seat: Seat, module: string): void {
  const left = heldOf(seat, module) - 1;
  if (left > 0) seat.byModule?.held.set(module, left);
  else seat.byModule?.held.delete(module);
  seat.turns.add(module);
}
