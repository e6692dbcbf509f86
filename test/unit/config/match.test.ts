import { describe, expect, it } from 'vitest';
import { describeSpec } from '../../../src/config/describe.js';
import { type ModuleOptions, makeConfig } from '../../../src/config/make.js';
import { MATCH_KEYS, type Match, matchSettings } from '../../../src/config/match.js';
import type { ModuleSpec } from '../../../src/config/types.js';
import { parse } from './helpers.js';

const read = (match: string) => parse(`module m {\nmatch {\n${match}\n}\n}`);
const matchOf = (text: string) => read(text).modules[0]?.match;
const NONE = matchSettings.parse({});

it('reads every key', () => {
  const text = `
    events = message, !call
    from = alice, bot-*, !*@spam.example
    to = ?*
    group = 0, 100-199, ! 150, 9007199254740993
    type = 1-
    flags = 0x4, 0x1/0x3
    text = *hello\\, world*, "quoted"
    sample = 0.5%`;
  expect(matchOf(text)).toEqual({
    events: ['message', '!call'],
    from: ['alice', 'bot-*', '!*@spam.example'],
    to: ['?*'],
    group: ['0', '100-199', '!150', '9007199254740993'],
    type: ['1-'],
    flags: ['0x4', '0x1/0x3'],
    text: ['*hello\\, world*', '"quoted"'],
    samplePercent: 0.5,
  });
});

it('a module without it, or with an empty one, gets every event', () => {
  expect(parse('module m { }').modules[0]?.match).toBeNull();
  expect(matchOf('')).toBeNull();
  expect(makeConfig({ modules: [{ name: 'm', path: '/m.so', match: {} }] }).modules[0]?.match).toBeNull();
});

it.each([
  ['from = [a', /m\.conf:3:1: module m: match: found "\[a" for from, expected a \] after the \[ in "\[a"/],
  ['from = alice, [z-a]', /found "alice, \[z-a\]" for from, expected \[a-z\] with the smaller one first in "\[z-a\]"/],
  ['from =', /found nothing for from, expected texts with commas/],
  ['from = alice,, bob', /none is empty; pattern 2 of 3 is/],
  ['from = !', /expected a pattern after each !/],
  [`text = ${'a'.repeat(300)}`, /expected patterns of at most 256 bytes/],
  [`text = ${Array(300).fill('a').join()}`, /expected at most 256 patterns, not 300/],
  [`text = *a${'?'.repeat(200)}b*`, /expected simpler patterns: these would take too long to look for/],
  ['group = 9-1', /expected the smaller number first in the range "9-1"/],
  ['group = five', /expected a number from 0 to 2\^64-1, or a range such as 100-199 or 1-, not "five"/],
  ['flags = 1-3', /flags are bits/],
  [
    'events = mesage',
    /found "mesage" for events, expected message, status, login and call, .* \(did you mean message\?\)/,
  ],
  ['events = on_message', /expected message, status, login and call/],
  ['sample = 0%', /found "0%" for sample, expected a part such as 5% or 0.5%, more than 0% and at most 100%/],
  ['sample = 101%', /more than 0% and at most 100%/],
  ['sample = 5', /\(5%\?\)/],
  ['sample = -1%', /expected a part/],
  ['sample = 0.00001%', /expected a part/],
  ['fron = alice', /found "fron" in match \{ \}, did you mean from\?/],
  ['sender = alice', /found "sender" in match \{ \}, expected events, from, to, group, type, flags, text, sample/],
])('refuses %s', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

it('warns of a match that no event can fit', () => {
  expect(read('events = login\ntext = *a*').warnings).toMatchObject([
    {
      message: 'module m: match: no event can match, so the module gets none: a login has no text',
      position: { line: 3 },
    },
  ]);
  expect(read('events = !message\ntext = *a*\nto = bob').warnings).toMatchObject([
    {
      message: expect.stringMatching(
        /: a status has no text, a login has no to and no text, a call has no to and no text$/,
      ),
    },
  ]);
  expect(read('events = call, !call').warnings).toMatchObject([
    { message: expect.stringMatching(/leaves out all of them$/) },
  ]);
  expect(read('text = *a*').warnings).toEqual([]);
  const [warning] = makeConfig({
    modules: [{ name: 'm', path: '/m.so', match: { events: ['call'], from: ['a'] } }],
  }).warnings;
  expect(warning?.message).toBe('module m: match: no event can match, so the module gets none: a call has no from');
});

it('warns where it is written without its braces', () => {
  expect(parse('module m {\nmatch = alice\n}').warnings).toMatchObject([
    { message: expect.stringMatching(/the section is written match \{ \}/) },
  ]);
});

it('the last of two lists holds, with a warning', () => {
  const config = read('from = alice\nfrom = bob');
  expect(config.modules[0]?.match?.from).toEqual(['bob']);
  expect(config.warnings).toMatchObject([{ message: expect.stringMatching(/match: from is set twice/) }]);
});

describe('a program', () => {
  const make = (match: ModuleOptions['match']) =>
    makeConfig({ modules: [{ name: 'm', path: '/m.so', match }] }).modules[0] as ModuleSpec;

  it('gives lists, in which a comma is a character of its pattern', () => {
    expect(make({ text: ['a, b', ' c '], samplePercent: 5 }).match).toEqual({
      ...NONE,
      text: ['a\\, b', '\\ c\\ '],
      samplePercent: 5,
    });
  });

  it.each<[unknown, RegExp]>([
    [{ from: [] }, /module "m": match: from: expected a pattern/],
    [{ from: 'alice' }, /match: from: expected texts/],
    [{ from: ['[a'] }, /match: from: expected a \]/],
    [{ from: ['\ud800'] }, /half of a surrogate pair/],
    [{ from: [','.repeat(200)] }, /at most 256 bytes/],
    [{ events: ['logins'] }, /match: events: .*expected message, status/],
    [{ events: [] }, /match: events: expected message/],
    [{ samplePercent: 0 }, /match: samplePercent: expected a part/],
    [{ samplePercent: Number.NaN }, /expected a part/],
    [{ samplePercent: 1 / 3 }, /at most 4 decimals/],
    [{ sample: 5 }, /found the unknown option sample/],
  ])('%j cannot be', (match, message) => {
    expect(() => make(match as Parameters<typeof make>[0])).toThrow(message);
  });
});

it('describes what is set, as a file would have it, and where it comes from', () => {
  const spec = read('from = alice,bob\nsample = 5 %').modules[0] as ModuleSpec;
  const settings = describeSpec(spec).settings.filter(({ key }) => key.startsWith('match.'));
  expect(settings.map(({ key, value, origin }) => `${key} = ${value} # ${origin}`)).toEqual([
    'match.from = alice, bob # /etc/m.conf:3:1',
    'match.sample = 5% # /etc/m.conf:4:1',
  ]);
});

it('reads again what it writes', () => {
  const match: Match = {
    events: ['!login', 'message'],
    from: ['a\\, b', '\\ c\\ '],
    to: ['!*'],
    group: ['1-5', '!3'],
    type: ['0x10'],
    flags: ['0', '!0x1/0x3'],
    text: ['[a\\,b]*'],
    samplePercent: 0.0001,
  };
  for (const { field, parse, format } of Object.values(MATCH_KEYS)) expect(parse(format(match))).toEqual(match[field]);
});
