/** The section `match { }` of a module: which events it gets, and how that is written. */

import { z } from 'zod';
import { FIELDS_OF, type Field } from '../filter/fields.js';
import { EVENT_NAMES, type EventName, Filter } from '../filter/filter.js';
import { readGlobs } from '../filter/glob-set.js';
import { readBits, readRange } from '../filter/numbers.js';
import { PatternError } from '../filter/pattern-error.js';
import { joinPatterns, readPatterns, splitPatterns, toListed } from '../filter/pattern-list.js';
import type { SectionRule } from './confinement.js';
import { findNearKey } from './near-miss.js';
import { UnitError } from './units.js';

const NEGATED = EVENT_NAMES.map((name) => `!${name}` as const);
/** Finer parts of a percent are refused. */
const SAMPLE_DIGITS = 4;

const events = 'expected message, status, login and call, with commas between them and perhaps ! before each';
const globs = 'expected texts with commas between them, with *, ? and [a-z] in them and perhaps ! before each';
const ranges = 'expected numbers and ranges with commas between them, such as 5, 100-199, perhaps with ! before each';
const bits =
  'expected bits such as 0x4, or bits and a mask such as 0x4/0x6, with commas between them, perhaps with ! before each';
const sample = 'expected a part such as 5% or 0.5%, more than 0% and at most 100%';

/** They throw what is wrong with a list. */
const READERS = {
  events: (names: readonly string[]) => readPatterns(names, readEvent),
  globs: readGlobs,
  ranges: (patterns: readonly string[]) => readPatterns(patterns, readRange),
  bits: (patterns: readonly string[]) => readPatterns(patterns, readBits),
} as const;
type Reader = (patterns: readonly string[]) => unknown;

/** What is asked of an event before the module gets it. All of it must hold; `null`: nothing is asked. */
export const matchSettings = z.strictObject({
  /** Kinds of events. */
  events: z
    .array(z.enum([...EVENT_NAMES, ...NEGATED], events), events)
    .min(1, events)
    .nullable()
    .default(null),
  /** Who wrote, or logged in. */
  from: list(globs, READERS.globs),
  to: list(globs, READERS.globs),
  /** The id of the group; 0: none. */
  group: list(ranges, READERS.ranges),
  type: list(ranges, READERS.ranges),
  flags: list(bits, READERS.bits),
  /** The payload of a message. */
  text: list(globs, READERS.globs),
  /** How many of all conversations. */
  samplePercent: z
    .number(sample)
    .positive(sample)
    .max(100, sample)
    .refine((percent) => Number(percent.toFixed(SAMPLE_DIGITS)) === percent, `${sample}, with at most 4 decimals`)
    .nullable()
    .default(null),
});

/** See {@link matchSettings}. */
export type Match = z.output<typeof matchSettings>;

/** The same of a program; `null`: the module gets every event. */
export const matchSetting = matchSettings.nullable().default(null).transform(orNoMatch);

/** One that asks for nothing is none. */
export function orNoMatch(match: Match | null): Match | null {
  return match === null || Object.values(match).every((setting) => setting === null) ? null : match;
}

/** The keys of `match { }`, in the order in which they are documented. */
export const MATCH_KEYS: Readonly<Record<string, SectionRule<Match>>> = {
  events: ofList('events', events, READERS.events),
  from: ofList('from', globs, READERS.globs),
  to: ofList('to', globs, READERS.globs),
  group: ofList('group', ranges, READERS.ranges),
  type: ofList('type', ranges, READERS.ranges),
  flags: ofList('flags', bits, READERS.bits),
  text: ofList('text', globs, READERS.globs),
  sample: {
    field: 'samplePercent',
    parse: parsePercent,
    format: ({ samplePercent }) => (samplePercent === null ? '' : `${samplePercent}%`),
  },
};

/** Says why no event can ever match; `null` when one can. */
export function findMatchDoubt(match: Match | null): string | null {
  if (match === null) return null;
  const filter = new Filter(match);
  const kinds = Object.keys(FIELDS_OF) as (keyof typeof FIELDS_OF)[];
  if (kinds.some((kind) => filter.mayTake(kind))) return null;
  const ofEvents = new Filter({ ...matchSettings.parse({}), events: match.events });
  const chosen = kinds.filter((kind) => ofEvents.mayTake(kind));
  const none = 'no event can match, so the module gets none';
  if (chosen.length === 0) return `${none}: events leaves out all of them`;
  const reasons = chosen.map((kind) => `a ${SHOWN[kind]} has no ${missingOf(match, kind).join(' and no ')}`);
  return `${none}: ${[...new Set(reasons)].join(', ')}`;
}

const SHOWN = { message: 'message', status: 'status', login: 'login', call: 'call', callStatus: 'call' } as const;

function missingOf(match: Match, kind: keyof typeof FIELDS_OF): Field[] {
  const fields: Field[] = ['from', 'to', 'group', 'type', 'flags', 'text'];
  return fields.filter((field) => !FIELDS_OF[kind].has(field) && match[field]?.some((one) => !one.startsWith('!')));
}

type ListField = Exclude<keyof Match, 'samplePercent'>;

function ofList(field: ListField, expected: string, read: Reader): SectionRule<Match> {
  return {
    field,
    parse: (text) => parseList(text, expected, read),
    format: (match) => joinPatterns(match[field] ?? []),
  };
}

function parseList(text: string, expected: string, read: Reader): string[] {
  if (text === '') throw new UnitError(expected);
  const patterns = splitPatterns(text).map(withoutGap);
  const problem = findProblem(patterns, read);
  if (problem !== null) throw new UnitError(problem);
  return patterns;
}

function list(expected: string, read: Reader) {
  return z
    .array(z.string(expected), expected)
    .transform((patterns, context) => {
      const listed = patterns.map((pattern) => toListed(withoutGap(pattern)));
      const problem = listed.every((pattern) => pattern.isWellFormed())
        ? findProblem(listed, read)
        : 'expected no half of a surrogate pair, which is no character';
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      return listed;
    })
    .nullable()
    .default(null);
}

/** A `!` stands right before what it negates. */
function withoutGap(pattern: string): string {
  return pattern.replace(/^![ \t]+/, '!');
}

function findProblem(patterns: readonly string[], read: Reader): string | null {
  try {
    read(patterns);
    return null;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

function readEvent(name: string): EventName {
  const found = EVENT_NAMES.find((known) => known === name);
  if (found) return found;
  const near = findNearKey(name, EVENT_NAMES);
  throw new PatternError(near ? `${events} (did you mean ${near}?)` : events);
}

function parsePercent(text: string): number {
  const [, number] = /^([0-9]{1,3}(?:\.[0-9]{1,4})?)[ \t]*%$/.exec(text) ?? [];
  if (number !== undefined) return Number(number);
  throw new UnitError(text.length < 10 && /^[0-9.]+$/.test(text) ? `${sample} (${text}%?)` : sample);
}
