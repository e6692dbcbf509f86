/** The functions, files and lines of a card, once somebody has looked for them. */

import { rawFramesOf } from '../stacks/raw-frame.js';
import type { Symbolizer } from '../stacks/symbolizer.js';
import type { TakenStack } from '../stacks/take-stack.js';
import type { DeathEvidence } from '../supervisor/types.js';
import type { CardFrame, CrashCard } from './card.js';

/** Those that the compiler put into others included. */
const MAX_FRAMES = 512;
/** Of one name, of all names, and of one name when all have more than that. */
const NAME_CHARACTERS = 4096;
const MAX_CHARACTERS = 512 * 1024;
const FEW_CHARACTERS = 200;

/** Whether there is anything to look for. */
export function hasFrames({ note, stack }: Pick<DeathEvidence, 'note' | 'stack'>): boolean {
  return typeof note !== 'string' || stack !== null;
}

/** The card with what was found. Never rejects. */
export async function nameFrames(
  card: CrashCard,
  { note, stack, files }: Pick<DeathEvidence, 'note' | 'stack' | 'files'>,
  symbolizer: Pick<Symbolizer, 'symbolize'>,
): Promise<CrashCard> {
  if (typeof note === 'string') return withStack(card, await stack);
  const { frames, by, remark } = await symbolizer.symbolize(rawFramesOf(note), { files });
  return { ...card, frames: bounded(frames), symbols: { by, isPending: false, remark } };
}

/** The card of a host that hung. Pure. */
export function withStack(card: CrashCard, stack: TakenStack | null): CrashCard {
  const thread = stack?.threads[0] ?? null;
  if (stack === null || thread === null) {
    return { ...card, symbols: { ...card.symbols, isPending: false }, noFrames: UNSEEN };
  }
  const { id, name, isMain, frames } = thread;
  const noFrames = frames.length === 0 ? `${stack.by} saw no frames of its main thread` : null;
  const symbols = { by: stack.by, isPending: false, remark: stack.remark };
  return { ...card, thread: { id, name, isMain }, frames: bounded(frames), noFrames, symbols };
}

/** A card stays small, whatever the names in a file are. Pure. */
export function bounded(frames: readonly CardFrame[]): CardFrame[] {
  let characters = 0;
  const fit = (text: string | null) => {
    if (text === null) return null;
    const most = characters < MAX_CHARACTERS ? NAME_CHARACTERS : FEW_CHARACTERS;
    characters += Math.min(text.length, most);
    return text.length <= most ? text : `${text.slice(0, most)}...`;
  };
  return frames.slice(0, MAX_FRAMES).map((frame) => {
    return { ...frame, function: fit(frame.function), source: fit(frame.source), object: fit(frame.object) };
  });
}

const UNSEEN = 'its stack could not be read from outside before it was killed';
