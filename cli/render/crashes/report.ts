/** A crash card as a report for a person: pure. */

import { counted } from '../../../src/counted.js';
import {
  blamedFrame,
  type CardCall,
  type CardFrame,
  type CrashCard,
  type KeptCall,
} from '../../../src/crashes/card.js';
import { nameExecuted } from '../../../src/crashes/executed.js';
import type { SourceLines } from '../../../src/crashes/source-lines.js';
import { escapeControl } from '../../../src/escape-control.js';
import { formatTime } from '../../../src/logs/format.js';
import { coreCommand, type Sentence, sentence } from '../../../src/sentence.js';
import { formatAgo, formatBytes, formatSeconds } from '../../text/format.js';
import { styled } from '../../text/style.js';
import { cut } from '../../text/table.js';
import { wrapWords } from '../../text/wrap.js';
import { type Row, renderRows, section } from '../rows.js';
import type { View } from '../view.js';
import { adviseOn } from './advice.js';
import { renderBody } from './body.js';
import { describeEnd, describeExecuted, describeFrame, describePlace, describeSignal } from './words.js';

/** What is shown beside the card. */
export interface ReportParts {
  /** The lines around the one that is blamed; `null`: they are not at hand. */
  source: SourceLines | null;
  /** The bodies to show; `null`: none was asked for. */
  bodies: readonly KeptCall[] | null;
  /** Whether the card stands in the state directory, so that commands find it. */
  isStored: boolean;
}

/** Digits of a hash that tell builds apart. */
const HASH_DIGITS = 12;
/** Frames that are shown at each end of a long stack. */
const SHOWN_FRAMES = { first: 24, last: 8 } as const;
/** Names of templates may be megabytes long. */
const LONGEST_NAME = 300;
const LONGEST_LINE = 2000;

/** The report. */
export function renderReport(card: CrashCard, parts: ReportParts, view: View): string {
  const lines = [
    ...(parts.isStored ? [`crash ${card.id}`, ''] : []),
    ...paragraph(describeDeath(card, parts, view), view),
    ...section('Where', renderWhere(card, parts.source, view)),
    ...section('The message', renderRows(messageRows(card, parts), view)),
    ...section(
      'The log before',
      card.log.map((line) => `  ${renderLogLine(line)}`),
    ),
    ...section(
      'The calls before',
      card.calls.map((call) => `  ${describeCall(call)}`),
    ),
    ...section('The bodies', parts.bodies === null ? [] : renderBodies(parts.bodies)),
    ...section('The process', renderRows(processRows(card, parts), view)),
    ...section(
      'What to try',
      adviseOn(card, parts).flatMap((step) => item(step, view)),
    ),
  ];
  return lines.join('\n');
}

/** The first sentence, and what the signal means. */
function describeDeath(card: CrashCard, { isStored }: ReportParts, { nowMs }: View): string[] {
  const place = describePlace(card);
  const executed = describeExecuted(card);
  const when = isStored ? `, ${formatAgo(card.time, nowMs)} (${formatTime(Date.parse(card.time)).slice(0, 19)})` : '';
  const where = place === null ? '' : ` in ${cut(place, LONGEST_NAME)}`;
  const during = executed === null ? '' : `, while it was executing ${executed}`;
  const meaning = describeSignal(card);
  return [
    `Module ${card.module} ${describeEnd(card)}${where}${during}${when}.`,
    ...(meaning === null ? [] : [`${meaning}.`]),
  ];
}

/** The source line, the stack, the thread, and what is missing of them. */
export function renderWhere(card: CrashCard, source: SourceLines | null, view: View): string[] {
  const { cause, frames, isCut, noFrames, symbols, thread } = card;
  // The stack of a host that hung comes with the names.
  const isComing = symbols.isPending && cause === 'hang' && frames.length === 0;
  const remarks = [
    isComing ? 'the stack is still being read' : noFrames,
    isCut && noFrames === null ? 'the stack goes on: the rest was not recorded' : null,
    symbols.isPending ? 'the names of functions are still being found' : symbols.remark,
  ];
  return [
    ...renderSource(source, blamedFrame(frames)?.line ?? null, view),
    ...renderFrames(frames, blamedFrame(frames), view),
    ...(thread === null ? [] : [`  ${describeThread(thread)}`]),
    ...remarks.flatMap((remark) => (remark === null ? [] : indented(`(${remark})`, view))),
  ];
}

function renderSource(source: SourceLines | null, blamed: number | null, { colour }: View): string[] {
  if (source === null) return [];
  const { first, lines, isNewer } = source;
  const digits = `${first + lines.length - 1}`.length;
  const shown = lines.map((text, i) => {
    const isBlamed = first + i === blamed;
    // A tab has a meaning of its own in sources, and is wide enough as four spaces.
    const line = `  ${isBlamed ? '>' : ' '} ${`${first + i}`.padStart(digits)} | ${escapeControl(text.replaceAll('\t', '    '))}`;
    return styled(line.trimEnd(), colour && isBlamed ? 'red' : null);
  });
  const doubt = '  (the source file was changed after the crash: the lines may be others)';
  return [...shown, ...(isNewer ? [doubt] : []), ''];
}

function renderFrames(frames: readonly CardFrame[], blamed: CardFrame | null, { colour }: View): string[] {
  const { first, last } = SHOWN_FRAMES;
  const digits = `${frames.length - 1}`.length;
  const shown = frames.map((frame, i) => {
    const inlined = frame.isInlined ? ' (inlined)' : '';
    const text = `  #${`${i}`.padEnd(digits)} ${escapeControl(cut(describeFrame(frame), LONGEST_NAME))}${inlined}`;
    return styled(text, colour && frame === blamed ? 'bold' : null);
  });
  const left = shown.length - first - last;
  return left <= 1 ? shown : [...shown.slice(0, first), `  ... ${left} more`, ...shown.slice(-last)];
}

function describeThread({ id, name, isMain }: NonNullable<CrashCard['thread']>): string {
  const named = name === '' ? '' : ` "${escapeControl(name)}"`;
  return `thread ${id}${named}: ${isMain ? 'the one that calls the module' : 'one that the module, or a library of it, has started'}`;
}

function messageRows({ id, message, isQuarantined }: CrashCard, { bodies, isStored }: ReportParts): Row[] {
  if (message === null) return [];
  const kept = !message.isKept
    ? isStored
      ? ', not kept'
      : ''
    : bodies === null && isStored
      ? sentence`, kept; to print it: ${coreCommand('crashes', 'show', id, '--body')}`
      : '';
  const size = sentence`${counted(message.bytes, 'byte')}${kept}`;
  return [
    ['callback', nameExecuted(message.kind)],
    ['id', message.id],
    ['from', message.from ?? 'nobody'],
    ['to', message.to ?? 'nobody'],
    ['type', message.type],
    ['size', size],
    ...(isQuarantined
      ? ([
          ['quarantine', 'since this crash it is withheld from this build of the module, unless it was released'],
        ] as Row[])
      : []),
  ];
}

function renderLogLine({ time, source, level, text }: CrashCard['log'][number]): string {
  const who = source === 'module' ? `logs (${level})` : source === 'supervisor' ? 'core' : source;
  return `${formatTime(time).slice(11)}  ${who.padEnd(8)}  ${escapeControl(cut(text.trimEnd(), LONGEST_LINE))}`;
}

function describeCall(call: CardCall): string {
  const who = call.from === null && call.to === null ? '' : ` from ${call.from ?? 'nobody'} to ${call.to ?? 'nobody'}`;
  const what = call.kind === 'message' || call.kind === 'status' ? ` of message ${call.id}` : '';
  const size = call.kind === 'message' ? `, ${counted(call.bytes, 'byte')}` : '';
  return escapeControl(`${nameExecuted(call.kind)}${what}${who}${size}: ${call.verdict ?? 'no verdict'}`);
}

function renderBodies(bodies: readonly KeptCall[]): string[] {
  if (bodies.length === 0)
    return ['  none was kept; "crash_body = last" keeps that of the last call, and "all" those of all'];
  return bodies.flatMap((call) => {
    const head = `  ${nameExecuted(call.kind)} of message ${call.scalars.id ?? '0'}:`;
    return [head, ...renderBody(Buffer.from(call.payload, 'base64')).map((line) => `    ${line}`)];
  });
}

function processRows(card: CrashCard, { isStored }: ReportParts): Row[] {
  const build = card.sha256 === null ? null : `sha256 ${card.sha256.slice(0, HASH_DIGITS)}`;
  const ids = [build, card.buildId === null ? null : `build id ${card.buildId}`].filter((one) => one !== null);
  const use = [
    !card.memoryBytes ? null : `${formatBytes(card.memoryBytes)} of memory`,
    card.descriptors === null ? null : counted(card.descriptors, 'descriptor'),
  ].filter((one) => one !== null);
  return [
    ['file', card.file],
    ...(ids.length > 0 ? ([['build', ids.join(', ')]] as Row[]) : []),
    ...(card.abi === null ? [] : ([['ABI', card.abi]] as Row[])),
    [
      'process',
      `${isStored ? `generation ${card.generation}, ` : ''}pid ${card.pid}, ${uptimeOf(card)}, ${card.phase}`,
    ],
    ...(use.length > 0 ? ([['use', use.join(', ')]] as Row[]) : []),
  ];
}

function uptimeOf({ uptimeMs }: CrashCard): string {
  return uptimeMs < 1000 ? `after ${Math.round(uptimeMs)} ms` : `up ${formatSeconds(uptimeMs / 1000)}`;
}

function item(step: Sentence, { width, options, program }: View): string[] {
  const text = step.withOptions(options, program).map(escapeControl);
  return wrapWords(text, width - 4, '').map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`);
}

function paragraph(sentences: readonly string[], { width }: View): string[] {
  return sentences.flatMap((text) => wrapWords(escapeControl(text), width, ''));
}

function indented(text: string, { width }: View): string[] {
  return wrapWords(escapeControl(text), width - 2, '').map((line) => `  ${line}`);
}
