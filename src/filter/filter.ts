/** Which events a module gets: decided from the event alone, before anything of it travels. Pure. */

import type { CallEvent } from '../wire/call-event.js';
import { CALL_KINDS, type CallKind } from '../wire/event-kinds.js';
import { FIELDS_OF, type Field, readFields } from './fields.js';
import { type GlobLists, readGlobs } from './glob-set.js';
import { type NumberPattern, readBits, readRange } from './numbers.js';
import { type Patterns, readPatterns } from './pattern-list.js';
import { limitOf } from './sample.js';

/** The events of a filter, as they are written: a call and the status of a call are one. */
export const EVENT_NAMES = ['message', 'status', 'login', 'call'] as const;

/** One of {@link EVENT_NAMES}. */
export type EventName = (typeof EVENT_NAMES)[number];

/** What is asked of an event. All of it must hold; `null`: nothing is asked. */
export interface FilterSettings {
  /** Names of events, each perhaps with `!` before it. */
  events: readonly string[] | null;
  /** Globs. */
  from: readonly string[] | null;
  to: readonly string[] | null;
  text: readonly string[] | null;
  /** Numbers and ranges. */
  group: readonly string[] | null;
  type: readonly string[] | null;
  /** Bits. */
  flags: readonly string[] | null;
  /** Of conversations. */
  samplePercent: number | null;
}

/** The conversation with which an event came in. */
export interface SampledConversation {
  /** See `hashTalkers`; `null`: nothing tells such conversations apart. */
  readonly stableHash: number | null;
}

/** How many patterns a list has, without `!` and with it. */
interface Sides {
  readonly positive: { readonly length: number };
  readonly negative: { readonly length: number };
}

/** For the kinds of events: what the patterns can do. */
const LEFT_OUT = 0;
const TAKEN = 1;
const ASKED = 2;

/** A filter, ready to be asked. */
export class Filter {
  readonly #from: GlobLists | null;
  readonly #to: GlobLists | null;
  readonly #text: GlobLists | null;
  readonly #group: Patterns<NumberPattern> | null;
  readonly #type: Patterns<NumberPattern> | null;
  readonly #flags: Patterns<NumberPattern> | null;
  readonly #sampleLimit: number | null;
  readonly #kinds: Readonly<Record<CallKind, number>>;

  /** @throws {PatternError} at the first pattern that cannot be */
  constructor(settings: FilterSettings) {
    this.#from = settings.from && readGlobs(settings.from);
    this.#to = settings.to && readGlobs(settings.to);
    this.#text = settings.text && readGlobs(settings.text);
    this.#group = readNumbers(settings.group, readRange);
    this.#type = readNumbers(settings.type, readRange);
    this.#flags = readNumbers(settings.flags, readBits);
    this.#sampleLimit = settings.samplePercent === null ? null : limitOf(settings.samplePercent);
    const events = settings.events && readPatterns(settings.events, (name) => name as EventName);
    const of = (kind: CallKind) => [kind, this.#placeOf(kind, events)] as const;
    this.#kinds = Object.fromEntries(CALL_KINDS.map(of)) as Record<CallKind, number>;
  }

  /** Whether an event of this kind can be for the module. */
  mayTake(kind: CallKind): boolean {
    return this.#kinds[kind] !== LEFT_OUT;
  }

  /** Whether an event is for the module. @param event as the modules before this one left it */
  admits(event: CallEvent, conversation: SampledConversation): boolean {
    const place = this.#kinds[event.kind];
    if (place === LEFT_OUT) return false;
    if (place === ASKED && !this.#fits(event)) return false;
    if (this.#sampleLimit === null) return true;
    const { stableHash } = conversation;
    return stableHash === null || stableHash < this.#sampleLimit;
  }

  /** The cheapest first. */
  #fits(event: CallEvent): boolean {
    const has = FIELDS_OF[event.kind];
    const fields = readFields(event);
    const { bytes } = fields;
    const group = this.#group;
    const type = this.#type;
    const flags = this.#flags;
    if (group !== null && !fitsNumber(group, fields.groupHigh, fields.groupLow)) return false;
    if (type !== null && has.has('type') && !fitsNumber(type, fields.typeHigh, fields.typeLow)) return false;
    if (flags !== null && has.has('flags') && !fitsNumber(flags, fields.flagsHigh, fields.flagsLow)) return false;
    const from = this.#from;
    const to = this.#to;
    const text = this.#text;
    if (from !== null && has.has('from') && !fitsText(from, bytes, fields.fromAt, fields.fromEnd)) return false;
    if (to !== null && has.has('to') && !fitsText(to, bytes, fields.toAt, fields.toEnd)) return false;
    if (text === null || !has.has('text')) return true;
    const { payloadAt } = event;
    return fitsText(text, event.bytes, payloadAt, payloadAt + event.payloadBytes);
  }

  #placeOf(kind: CallKind, events: Patterns<EventName> | null): number {
    const name = kind === 'callStatus' ? 'call' : kind;
    if (events?.negative.includes(name)) return LEFT_OUT;
    if (events && events.positive.length > 0 && !events.positive.includes(name)) return LEFT_OUT;
    const has = FIELDS_OF[kind];
    const lists = Object.entries(this.#lists).filter(([, list]) => list !== null) as [Field, Sides][];
    // What an event does not have fits no pattern. So a list of patterns leaves it out, unless each of them has a "!".
    if (lists.some(([field, { positive }]) => !has.has(field) && positive.length > 0)) return LEFT_OUT;
    return lists.some(([field]) => has.has(field)) ? ASKED : TAKEN;
  }

  get #lists(): Record<Field, Sides | null> {
    return {
      from: this.#from,
      to: this.#to,
      text: this.#text,
      group: this.#group,
      type: this.#type,
      flags: this.#flags,
    };
  }
}

/** Makes a filter; `null`: every event is for the module. */
export function makeFilter(settings: FilterSettings | null): Filter | null {
  return settings === null ? null : new Filter(settings);
}

function readNumbers(
  patterns: readonly string[] | null,
  read: (pattern: string) => NumberPattern,
): Patterns<NumberPattern> | null {
  return patterns && readPatterns(patterns, read);
}

/** One of the positive patterns, if there are any, and none of the negative ones. */
function fitsText({ positive, negative }: GlobLists, bytes: Buffer, from: number, end: number): boolean {
  if (negative.length > 0 && negative.matches(bytes, from, end)) return false;
  return positive.length === 0 || positive.matches(bytes, from, end);
}

function fitsNumber({ positive, negative }: Patterns<NumberPattern>, high: number, low: number): boolean {
  for (let i = 0; i < negative.length; i++) if ((negative[i] as NumberPattern).matches(high, low)) return false;
  for (let i = 0; i < positive.length; i++) if ((positive[i] as NumberPattern).matches(high, low)) return true;
  return positive.length === 0;
}
