/** What became of a crash that was replayed: pure. */

import { counted } from '../../../src/counted.js';
import { blamedFrame, type CrashCard } from '../../../src/crashes/card.js';
import type { SourceLines } from '../../../src/crashes/source-lines.js';
import { escapeControl } from '../../../src/escape-control.js';
import type { FoundBuild } from '../../../src/replay/find-build.js';
import type { Recorded } from '../../../src/replay/recorded.js';
import type { Replayed } from '../../../src/replay/replay.js';
import { wrapWords } from '../../text/wrap.js';
import { section } from '../rows.js';
import type { View } from '../view.js';
import { renderWhere } from './report.js';
import { describeEnd, describeExecuted, describePlace, describeSignal } from './words.js';

/** What is told of a replay. */
export interface ToldReplay {
  card: CrashCard;
  build: FoundBuild;
  recorded: Recorded;
  replayed: Replayed;
  /** The file that the settings of the module came from; `null`: it had none. */
  config: string | null;
}

/** The report. */
export function renderReplayed(told: ToldReplay & { source: SourceLines | null }, view: View): string {
  const { card, build, recorded, replayed, config, source } = told;
  const settings = config === null ? 'without settings of its own' : `with its settings from ${config}`;
  const calls = recorded.calls.length === 0 ? 'no call' : counted(recorded.calls.length, 'call');
  const meaning = replayed.card && describeSignal(replayed.card);
  const missing = replayed.result === 'same' ? null : describeMissing(recorded);
  return [
    `replayed ${calls} of ${card.id}: ${build.path}, ${settings}`,
    '',
    `${sentenceOf(told)}.`,
    ...(meaning === null ? [] : [`${meaning}.`]),
    ...(missing === null ? [] : [missing]),
  ]
    .flatMap((line) => wrapWords(escapeControl(line), view.width, ''))
    .concat(replayed.card === null ? [] : section('Where', renderWhere(replayed.card, source, view)))
    .join('\n');
}

function sentenceOf({ card, replayed }: ToldReplay): string {
  const { module } = card;
  if (replayed.card === null)
    return `Module ${module} did not die again; before, it ${describeEnd(card)} in ${placeOf(card)}`;
  const end = `it ${describeEnd(replayed.card)} in ${placeOf(replayed.card)}`;
  if (replayed.result === 'same') return `Module ${module} died again at the same place: ${end}`;
  return `Module ${module} died again, but not in the same way: ${end}; before, it ${describeEnd(card)} in ${placeOf(card)}`;
}

function placeOf(card: CrashCard): string {
  return describePlace(card) ?? describeExecuted(card) ?? 'an unknown place';
}

/** Which bodies are missing; `null`: none. */
function describeMissing({ missing }: Recorded): string | null {
  if (missing.length === 0) return null;
  const were = missing.length === 1 ? 'body of an earlier call was' : `bodies of ${missing.length} earlier calls were`;
  return `The ${were} not kept, so the module may be in another state than it was. "crash_body = all" keeps them.`;
}

/** What `crashes replay --json` prints. */
export function replayedToJson(told: ToldReplay & { output: string | null }): string {
  const { card, build, recorded, replayed, config, output } = told;
  const died = replayed.card;
  const frame = died && blamedFrame(died.frames);
  return JSON.stringify({
    id: card.id,
    result: replayed.result,
    file: build.path,
    build: build.kind,
    config,
    calls: recorded.calls.length,
    missing: recorded.missing.map(({ seq, kind, id }) => ({ seq, kind, id })),
    died: died && {
      cause: died.cause,
      signal: died.signal,
      exitCode: died.exitCode,
      callback: died.callback,
      function: frame?.function ?? null,
      source: frame?.source ?? null,
      line: frame?.line ?? null,
      frames: died.frames,
    },
    output,
  });
}
