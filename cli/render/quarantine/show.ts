/** One message in quarantine: pure. */

import { counted } from '../../../src/counted.js';
import { escapeControl } from '../../../src/escape-control.js';
import { coreCommand, type Sentence, sentence } from '../../../src/sentence.js';
import type { QuarantinedMessage } from '../../../src/supervisor/types.js';
import { formatAgo, formatUntil } from '../../text/format.js';
import { wrapWords } from '../../text/wrap.js';
import { type Row, renderRows, section } from '../rows.js';
import type { View } from '../view.js';
import { nameEnd } from './list.js';

/** Digits of a hash that tell builds apart. */
const HASH_DIGITS = 12;

/** What it did, what it was, and what to do. */
export function renderQuarantined(message: QuarantinedMessage, view: View): string {
  return [
    ...wrapWords(escapeControl(describeState(message, view.nowMs)), view.width, ''),
    ...section('The message', renderRows(messageRows(message), view)),
    ...section('The crashes', renderRows(crashRows(message, view.nowMs), view)),
    ...section(
      'What to try',
      adviseOn(message).flatMap((step) => item(step, view)),
    ),
  ].join('\n');
}

function describeState({ id, module, state, until, withheld }: QuarantinedMessage, nowMs: number): string {
  const often = withheld === 0 ? '' : ` It was withheld ${counted(withheld, 'time')}.`;
  switch (state) {
    case 'withheld':
      return `${id}: this build of module ${module} does not get the message. That ends ${formatUntil(until, nowMs)}.${often}`;
    case 'lifted':
      return `${id}: module ${module} runs another build now, which gets the message.${often}`;
    default:
      return `${id}: module ${module} still gets the message, which has not killed it often enough.${often}`;
  }
}

function messageRows({ messageId, from, to, type, bytes, hash }: QuarantinedMessage): Row[] {
  return [
    ['id', messageId === '0' ? 'none' : messageId],
    ['from', from ?? 'nobody'],
    ['to', to ?? 'nobody'],
    ['type', type],
    ['size', counted(bytes, 'byte')],
    ['hash', hash.slice(0, HASH_DIGITS)],
  ];
}

function crashRows(message: QuarantinedMessage, nowMs: number): Row[] {
  const { crashes, firstAt, lastAt, build, cardId } = message;
  const times =
    crashes === 1 ? formatAgo(lastAt, nowMs) : `${formatAgo(lastAt, nowMs)}, the first ${formatAgo(firstAt, nowMs)}`;
  const card: Row[] = cardId === null ? [] : [['card', sentence`${coreCommand('crashes', 'show', cardId)}`]];
  return [
    ['ended by', nameEnd(message)],
    ['how often', `${crashes}`],
    ['when', times],
    ['build', /^[0-9a-f]{64}$/.test(build) ? `sha256 ${build.slice(0, HASH_DIGITS)}` : build],
    ...card,
  ];
}

function adviseOn({ id, module, cardId, state }: QuarantinedMessage): Sentence[] {
  const again = sentence`see whether it kills the module again, and where: ${coreCommand('quarantine', 'replay', id)}`;
  const release = coreCommand('quarantine', 'release', id);
  return [
    ...(cardId === null ? [] : [again]),
    ...(state === 'lifted'
      ? [sentence`if the build before comes back, it does not get the message; to change that: ${release}`]
      : [
          sentence`correct the module, put the new file in its place, and load it: ${coreCommand('reload', module)}; the new build gets the message`,
        ]),
    ...(state === 'withheld' ? [sentence`give the message to this build again: ${release}`] : []),
    ...(state === 'counted' ? [sentence`forget these crashes: ${release}`] : []),
  ];
}

function item(step: Sentence, { width, options, program }: View): string[] {
  return wrapWords(step.withOptions(options, program).map(escapeControl), width - 4, '').map(
    (line, i) => `${i === 0 ? '  - ' : '    '}${line}`,
  );
}
