// What a filter costs: `npm run build && node bench/filter.mjs`. The times are CPU time, the least of some rounds.

import { matchSettings } from '../dist/src/config/match.js';
import { Filter } from '../dist/src/filter/filter.js';
import { Conversation } from '../dist/src/supervisor/calls/conversation.js';
import { CallEvent } from '../dist/src/wire/call-event.js';

const TEXT = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dol';
const WORDS = ['refund', 'support', 'help', 'darn', 'heck', 'invoice', 'urgent', 'password', 'cancel', 'order'];
const NAMES = ['bot-*', '*@spam.example', 'admin', 'root', 'ops-*', '*@x.example', 'helper-*', '*.test', 'abuse', '?'];
const MIB = 1024 ** 2;
const [ROUNDS, PASSES] = [5, 500];

const events = Array.from({ length: 1000 }, (_, i) => {
  const params = { from: `user-${i}@chat.example`, to: `peer-${i}@chat.example`, id: i + 1, type: 1, flags: 5 };
  const event = CallEvent.message(params, Buffer.from(TEXT.slice(0, 100)));
  return { event, conversation: Conversation.ofEvent(event) };
});
let admitted = 0;

function least(work) {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return Math.min(...times);
}

/** A message of 100 bytes. */
function small(name, match) {
  const filter = match && new Filter(matchSettings.parse(match));
  const micros = least(() => {
    for (let pass = 0; pass < PASSES; pass++) {
      for (const { event, conversation } of events) if (!filter || filter.admits(event, conversation)) admitted++;
    }
  });
  console.log(`${name.padEnd(56)}${((micros * 1000) / PASSES / events.length).toFixed(0).padStart(6)} ns a message`);
}

/** A message of 1 MiB. */
function large(name, text, payload) {
  const filter = new Filter(matchSettings.parse({ text }));
  const event = CallEvent.message({ from: 'alice', to: 'bob' }, payload);
  const micros = least(() => filter.admits(event, Conversation.ofEvent(event)));
  console.log(`${name.padEnd(56)}${(micros / 1000).toFixed(1).padStart(6)} ms for 1 MiB`);
}

small('no filter', null);
small('events = login', { events: ['login'] });
small('group, type, flags', { group: ['0'], type: ['0-9'], flags: ['0x4'] });
small('10 globs on from', { from: NAMES });
small('10 globs with "!" on from and on to', {
  from: NAMES.map((one) => `!${one}`),
  to: NAMES.map((one) => `!${one}`),
});
small('10 globs *word* on text', { text: WORDS.map((word) => `*${word}*`) });
small('10 globs on from, 10 on text', { from: NAMES.map((one) => `!${one}`), text: WORDS.map((word) => `*${word}*`) });
small('256 addresses', { from: Array.from({ length: 256 }, (_, i) => `user-${i + 5000}@chat.example`) });
small('sample = 5%', { samplePercent: 5 });

const same = Buffer.alloc(MIB, 'a');
const lorem = Buffer.from(TEXT.repeat(MIB / TEXT.length));
large('*a*a*a*a*b, all a', ['*a*a*a*a*b'], same);
large('a literal that is nearly there everywhere', [`*${'a'.repeat(125)}b${'a'.repeat(125)}*`], same);
large('a part of 50 sets that is nearly there everywhere', [`*${'[ab]'.repeat(50)}c*`], same);
large('253 ? and a letter that is not there', [`*${'?'.repeat(253)}b*`], same);
large(
  '10 globs *word*',
  WORDS.map((word) => `*${word}*`),
  lorem,
);
const listed = (count, one) => Array.from({ length: count }, (_, i) => one(i));
const letter = (i) => String.fromCharCode(98 + (i % 25));
large(
  '256 words that begin with aaa',
  listed(256, (i) => `*aaa${letter(i)}${i}*`),
  same,
);
large(
  '256 words in capitals and small letters',
  listed(256, (i) => `*[aA][aA][bB][${letter(i)}X]${i}*`),
  same,
);
large(
  '256 times two words, one of them in the text',
  listed(256, (i) => `*aa${letter(i % 3)}*${i}*a*`),
  lorem,
);
large(
  '256 lists of 100 stars that are nearly all there',
  listed(256, (i) => `*${'a*'.repeat(100)}b${i}*`),
  same,
);
const longs = listed(
  256,
  (i) =>
    TEXT.slice(i % 50, (i % 50) + 50)
      .repeat(4)
      .slice(0, 190) + i,
);
large(
  '256 words of 190 bytes, all nearly there',
  longs.map((one) => `*${one}Q*`),
  Buffer.from(longs.join('').repeat(30)).subarray(0, MIB),
);
large(
  '16 of 250 ?',
  listed(16, (i) => `*${'?'.repeat(250)}b${i}*`),
  same,
);
large(
  '128 with a set',
  listed(128, (i) => `*[Ww]${i}rd*`),
  lorem,
);
const hard = listed(2, (i) => `*a${'?'.repeat(28)}b${i}*`);
const words = listed(100, (i) => `*aaa${letter(i)}${i}*`);
large('the worst list: 100 words, 2 of a and 28 ?', [...hard, ...words], same);
large(
  'the worst list, with "!" too',
  [...hard, ...words].flatMap((one) => [one, `!${one}c*`]),
  same,
);

// Used, so that no round is optimized away.
console.log(`${admitted} admitted`);
